// SPDX-License-Identifier: Apache-2.0
/**
 * The conformance kit: runs a connector through what {@code docs/abi.md} asks of it and says in sentences what it keeps and what it breaks.
 * It sees a connector as a host does, by the public types of {@link io.rapidbyte.wasm} alone, and knows nothing of any connector or of any
 * test framework.
 */
package io.rapidbyte.wasm.conformance;
