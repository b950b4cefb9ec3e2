// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;

/**
 * How far a run is.
 *
 * @param elapsed since data began to move
 * @param streams in the order of the pipeline file
 */
public record RunProgress(Duration elapsed, List<Stream> streams) {
    /** What a stream is at. */
    public enum Status {
        /** Its turn has not come, or nothing of it has been read yet. */
        WAITING,
        /** It is read and written. */
        MOVING,
        /** It failed, and is tried again in a moment. */
        RETRYING,
        /** It is complete in its target. */
        DONE,
        /** It failed, and is not tried again. */
        FAILED
    }

    /**
     * How far one stream is.
     *
     * @param name the stream
     * @param status what it is at
     * @param attempt how often it was begun in this run; 0 while its turn has not come
     * @param estimatedRows what its plan expects, or -1 when it does not know
     * @param estimatedBytes what its plan expects the source to hold, or -1 when it does not know
     * @param rowsRead emitted by the source
     * @param rowsWritten committed by the destination
     * @param bytesWritten bytes of the batches committed
     */
    public record Stream(
            String name,
            Status status,
            int attempt,
            long estimatedRows,
            long estimatedBytes,
            long rowsRead,
            long rowsWritten,
            long bytesWritten) {
        public Stream {
            requireNonNull(name, "name");
            requireNonNull(status, "status");
        }

        /** A stream of which nothing but its counters is known, in its first attempt. */
        public Stream(String name, long estimatedRows, long rowsRead, long rowsWritten, long bytesWritten) {
            this(
                    name,
                    rowsRead > 0 || rowsWritten > 0 ? Status.MOVING : Status.WAITING,
                    1,
                    estimatedRows,
                    -1,
                    rowsRead,
                    rowsWritten,
                    bytesWritten);
        }
    }

    public RunProgress {
        streams = List.copyOf(streams);
    }

    /** Returns the rows committed. */
    public long rowsWritten() {
        return streams.stream().mapToLong(Stream::rowsWritten).sum();
    }

    /** Returns the bytes committed. */
    public long bytesWritten() {
        return streams.stream().mapToLong(Stream::bytesWritten).sum();
    }

    /** Returns the rows that are expected; of streams that do not tell, those read so far. */
    public long estimatedRows() {
        return streams.stream()
                .mapToLong(each -> Math.max(each.estimatedRows(), each.rowsRead()))
                .sum();
    }
}
