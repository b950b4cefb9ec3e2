// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.Serializable;

/**
 * What one write call, or a part of it that was committed by itself, wrote, as the destination counts it. Rows and refused records are
 * together what the batches hold.
 *
 * @param rows rows
 * @param bytes bytes that were sent to the target
 * @param batches batches
 * @param refused records that were left out because the target refused them
 */
public record WriteResult(long rows, long bytes, long batches, long refused) implements Serializable {}
