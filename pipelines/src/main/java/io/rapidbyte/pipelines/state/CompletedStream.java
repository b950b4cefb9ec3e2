// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

/**
 * A stream that is complete in its target.
 *
 * @param stream the stream's name
 * @param rows rows written
 * @param refused records that were left out
 * @param bytes bytes of the batches written
 * @param position where it ends, or null when there is nothing to remember
 * @param cursorField the column that orders changes, or null
 * @param route where the rows come from and go to, as JSON, which is stored with the position; or null
 */
public record CompletedStream(
        String stream, long rows, long refused, long bytes, String position, String cursorField, String route) {}
