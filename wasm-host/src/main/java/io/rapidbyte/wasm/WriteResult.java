// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.Serializable;

/**
 * What one write call wrote, as the destination counts it.
 *
 * @param rows rows
 * @param bytes bytes that were sent to the target
 * @param batches batches
 */
public record WriteResult(long rows, long bytes, long batches) implements Serializable {}
