// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;
import java.util.Objects;
import org.apache.beam.sdk.coders.DefaultCoder;

/**
 * A number of rows of one stream: the bytes of one complete Arrow IPC stream (schema, one record batch, end of stream; section 7
 * of the connector ABI) beside the batch's identity. Any Arrow reader opens {@link #frame()}.
 *
 * <p>The schema's metadata says which relation the rows come from.
 *
 * <p>A destination that writes every batch once takes two batches of one identity for the same batch. A step that makes several of one has to
 * number all batches of the stream anew, in the same way each time: when a batch becomes at most {@code n}, its part {@code i} can be batch {@code
 * sequence * n + i} of the unit. The first batch of the stream (unit 0, batch 0) keeps its number so; it carries more than its rows, and
 * is made by {@link #withFrame}.
 */
@DefaultCoder(ArrowBatchCoder.class)
public final class ArrowBatch {
    private final BatchId id;
    private final int rows;
    private final byte[] frame;
    private final String position;

    private ArrowBatch(BatchId id, int rows, byte[] frame, String position) {
        this.id = id;
        this.rows = rows;
        this.frame = frame;
        this.position = position;
    }

    /**
     * A batch of a frame that is known to be sound: emitted by the host, or decoded.
     *
     * @param id not null
     * @param rows the rows in the frame, 0 or more
     * @param frame the Arrow IPC stream, not null. It is not copied: the caller must not change it any more
     */
    public static ArrowBatch of(BatchId id, int rows, byte[] frame) {
        requireNonNull(id, "id");
        requireNonNull(frame, "frame");
        if (rows < 0) {
            throw new IllegalArgumentException("Batch " + id + " has " + rows + " rows; a batch has 0 or more.");
        }
        return new ArrowBatch(id, rows, frame, null);
    }

    /** The same batch with other rows, for steps that change them: it keeps what it carries beside them. */
    public ArrowBatch withFrame(int newRows, byte[] newFrame) {
        return of(id, newRows, newFrame).withPosition(position);
    }

    /** The same batch carrying where the run of its stream ends; null for none. */
    ArrowBatch withPosition(String newPosition) {
        return new ArrowBatch(id, rows, frame, newPosition);
    }

    /**
     * Where the run of the stream ends, for the finalize step, which gives it out when all is committed. One batch of a stream carries it;
     * null in all others.
     */
    String position() {
        return position;
    }

    /** The batch's identity. */
    public BatchId id() {
        return id;
    }

    /** The name of the stream, the same as in {@link #id()}. */
    public String stream() {
        return id.stream();
    }

    /** How many rows the frame holds; 0 for a batch that only carries the schema of an empty stream. */
    public int rows() {
        return rows;
    }

    /**
     * The Arrow IPC stream itself and not a copy, which would cost as much as reading the batch does: it must not be changed.
     */
    public byte[] frame() {
        return frame;
    }

    /** The size of the frame in bytes. */
    public int sizeBytes() {
        return frame.length;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ArrowBatch batch
                && rows == batch.rows
                && id.equals(batch.id)
                && Arrays.equals(frame, batch.frame)
                && Objects.equals(position, batch.position);
    }

    /** From identity and size alone: equal batches have both in common, and hashing megabytes of rows would tell no more. */
    @Override
    public int hashCode() {
        return (31 * id.hashCode() + rows) * 31 + frame.length;
    }

    @Override
    public String toString() {
        return "ArrowBatch " + id + " (" + rows + " rows, " + frame.length + " bytes)";
    }
}
