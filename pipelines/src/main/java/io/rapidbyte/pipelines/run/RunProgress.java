// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import java.time.Duration;
import java.util.List;

/**
 * How far a run is.
 *
 * @param elapsed since data began to move
 * @param streams in the order of the pipeline file
 */
public record RunProgress(Duration elapsed, List<Stream> streams) {
    /**
     * How far one stream is.
     *
     * @param name the stream
     * @param estimatedRows what its plan expects, or -1 when it does not know
     * @param rowsRead emitted by the source
     * @param rowsWritten committed by the destination
     * @param bytesWritten bytes of the batches committed
     */
    public record Stream(String name, long estimatedRows, long rowsRead, long rowsWritten, long bytesWritten) {}

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
