// SPDX-License-Identifier: Apache-2.0
/**
 * Reading and writing tables through WebAssembly connectors on Apache Beam.
 *
 * <p>{@link io.rapidbyte.beam.io.WasmIO} is the way in. What flows between its two halves is {@link
 * io.rapidbyte.beam.io.ArrowBatch}, the bytes of one Arrow IPC stream beside the batch's identity. Each step of the expanded
 * graphs is a file of its own, named by what it does: {@code PlanStreamsDoFn} and {@code ReadUnitsDoFn} on the read side, {@code
 * WriteBatchesDoFn} and {@code FinalizeStreamsDoFn} on the write side.
 *
 * <p>This package runs on a stock worker without JVM flags. So it must not know Arrow's vectors and allocators, nor any
 * runner, nor how pipelines are written down.
 */
package io.rapidbyte.beam.io;
