// SPDX-License-Identifier: Apache-2.0
/** Tests of the conformance kit, with connectors that keep the contracts and with some that do not. */
package io.rapidbyte.wasm.conformance;
