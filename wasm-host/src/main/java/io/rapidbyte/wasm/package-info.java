// SPDX-License-Identifier: Apache-2.0
/**
 * Loads, compiles, caches and runs connectors: WebAssembly modules that speak the connector ABI of {@code docs/abi.md}.
 *
 * <p>The way in is {@link io.rapidbyte.wasm.WasmHost}: it turns a {@link io.rapidbyte.wasm.ConnectorModule} into a
 * {@link io.rapidbyte.wasm.SourceConnector} or {@link io.rapidbyte.wasm.DestinationConnector}. What a connector may
 * touch is what its {@link io.rapidbyte.wasm.Manifest} asks for and the pipeline's {@link io.rapidbyte.wasm.Grants}
 * allow; how much memory and time it may use is in {@link io.rapidbyte.wasm.Limits}. Nothing that a module does may
 * crash, hang or corrupt the process or another connector: every failure is a
 * {@link io.rapidbyte.wasm.ConnectorException}.
 *
 * <p>This package must not know Apache Beam, the pipeline file, or any database. It runs on a stock JVM without flags,
 * therefore it looks into Arrow batches without Arrow's allocator.
 */
package io.rapidbyte.wasm;
