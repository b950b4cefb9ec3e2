// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.Serializable;

/**
 * What one read call read.
 *
 * @param units units that were claimed and read
 * @param rows rows that were emitted
 * @param batches batches that were emitted
 */
public record ReadResult(long units, long rows, long batches) implements Serializable {}
