// SPDX-License-Identifier: Apache-2.0
/**
 * Whole-block compression of bytes: none, LZ4 and Zstandard behind one enum.
 *
 * <p>Used where a batch leaves a process. It knows nothing of batches, connectors or Beam, and connectors never see
 * compressed bytes.
 */
package io.rapidbyte.wasm.compress;
