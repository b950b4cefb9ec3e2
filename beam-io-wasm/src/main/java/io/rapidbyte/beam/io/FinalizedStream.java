// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static java.util.Objects.requireNonNull;

import java.io.Serializable;
import org.apache.beam.sdk.coders.DefaultCoder;
import org.apache.beam.sdk.coders.SerializableCoder;

/**
 * Says that a stream is complete in its target: everything is committed and, in write mode {@code replace}, has taken the place of what
 * was there.
 *
 * @param stream the stream's name
 * @param target the target's name for people
 * @param rows rows written by the run
 * @param refused records that the target refused and that were left out
 * @param bytes bytes of the batches' frames
 * @param batches batches written by the run
 * @param position where an incremental run of the stream has ended, to be stored and given to the next one ({@link
 *     io.rapidbyte.wasm.StreamSpec#withPosition}); null when there is nothing to store, and the last position stays the right one. It is given
 *     out here and nowhere earlier, so that what is stored is never ahead of the data
 */
@DefaultCoder(SerializableCoder.class)
public record FinalizedStream(
        String stream, String target, long rows, long refused, long bytes, long batches, String position)
        implements Serializable {
    /** Checks that nothing is null. */
    public FinalizedStream {
        requireNonNull(stream, "stream");
        requireNonNull(target, "target");
    }

    /** A stream without refused records, whose run ends nowhere in particular. */
    public FinalizedStream(String stream, String target, long rows, long bytes, long batches) {
        this(stream, target, rows, 0, bytes, batches, null);
    }
}
