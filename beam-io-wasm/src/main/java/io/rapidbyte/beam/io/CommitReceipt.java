// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static java.util.Objects.requireNonNull;

import io.rapidbyte.wasm.StreamSpec;
import java.io.Serializable;
import java.util.Arrays;
import org.apache.beam.sdk.coders.DefaultCoder;
import org.apache.beam.sdk.coders.SerializableCoder;

/**
 * Says that batches of one stream are committed in the destination: one receipt for each commit and each window in it. A bundle has a
 * commit at its end, and others where {@link WasmIO.Write#withCheckpointIntervalBytes}, {@code …Rows} and {@code withCheckpointInterval} ask for
 * them, or where streams of a bundle make room for each other.
 *
 * @param runId the run that wrote them
 * @param stream the stream, with the schema and relation it came from where the batches say so
 * @param schema an Arrow IPC stream that holds the schema of the bundle's first batch and no rows; it must not be changed
 * @param rows rows committed
 * @param refused records that the target refused and that were left out; together with {@code rows}, all rows of the batches. Where a commit
 *     has batches of several windows, those that were skipped are counted with the first of them, since nobody knows where they were
 * @param bytes bytes of the batches' frames
 * @param batches batches committed; a receipt of an empty stream has one batch and no rows
 */
@DefaultCoder(SerializableCoder.class)
public record CommitReceipt(
        String runId, StreamSpec stream, byte[] schema, long rows, long refused, long bytes, long batches)
        implements Serializable {
    /** Checks that nothing is null. */
    public CommitReceipt {
        requireNonNull(runId, "runId");
        requireNonNull(stream, "stream");
        requireNonNull(schema, "schema");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CommitReceipt receipt
                && runId.equals(receipt.runId)
                && stream.equals(receipt.stream)
                && Arrays.equals(schema, receipt.schema)
                && rows == receipt.rows
                && refused == receipt.refused
                && bytes == receipt.bytes
                && batches == receipt.batches;
    }

    @Override
    public int hashCode() {
        return (stream.hashCode() * 31 + Arrays.hashCode(schema)) * 31 + Long.hashCode(rows);
    }

    @Override
    public String toString() {
        return "CommitReceipt[" + stream.name() + ", " + rows + " rows, " + refused + " refused, " + batches
                + " batches, " + bytes + " bytes]";
    }
}
