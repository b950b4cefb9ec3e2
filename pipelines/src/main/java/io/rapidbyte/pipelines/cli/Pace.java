// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.pipelines.run.RunProgress;
import io.rapidbyte.pipelines.run.RunProgress.Status;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How fast streams have moved since they began, and when they will be done at that pace; from looks at the run's progress. */
final class Pace {
    /** An estimate may be too low: only what is done is told to be done. */
    private static final double NEARLY_ALL = 0.99;
    /** Before that much of a stream is done, nobody knows when the rest will be. */
    private static final double ENOUGH_TO_TELL = 0.01;

    private static final double ENOUGH_SECONDS = 1;

    private final Map<String, Span> spans = new HashMap<>();
    private Duration lastLook = Duration.ZERO;

    /**
     * What is shown of a stream, or of all of them.
     *
     * @param name the stream
     * @param status what it is at
     * @param attempt how often it was begun
     * @param rows committed
     * @param bytes committed
     * @param seconds since it began, or for which it moved when it is over
     * @param read the share of it that is read, 0 to 1; NaN when its size is not known
     * @param written the share of it that is committed, 0 to 1; NaN when its size is not known
     */
    record Figures(
            String name,
            Status status,
            int attempt,
            long rows,
            long bytes,
            double seconds,
            double read,
            double written) {
        boolean isSizeKnown() {
            return !Double.isNaN(written);
        }

        /** {@code 62 %}; empty when its size is not known. */
        String percent() {
            return isSizeKnown() ? (int) (100 * written) + " %" : "";
        }

        /** {@code 1:05 left}; empty when there is no telling. */
        String left() {
            if (status != Status.MOVING
                    || !isSizeKnown()
                    || written < ENOUGH_TO_TELL
                    || written >= NEARLY_ALL
                    || seconds < ENOUGH_SECONDS) {
                return "";
            }
            return Numbers.clock(Duration.ofSeconds((long) Math.ceil(seconds * (1 - written) / written))) + " left";
        }
    }

    /** From when to when an attempt at a stream moved. */
    private static final class Span {
        private final int attempt;
        private final Duration begin;
        private Duration end;

        Span(int attempt, Duration begin) {
            this.attempt = attempt;
            this.begin = begin;
        }

        double seconds(Duration now) {
            return (end == null ? now : end).minus(begin).toNanos() / 1e9;
        }
    }

    /** Looks at the run; has to come before asking for figures of the same progress. */
    void look(RunProgress progress) {
        for (RunProgress.Stream stream : progress.streams()) {
            if (stream.status() == Status.WAITING) {
                continue;
            }
            Span span = spans.get(stream.name());
            if (span == null || span.attempt != stream.attempt()) {
                span = new Span(stream.attempt(), lastLook);
                spans.put(stream.name(), span);
            }
            if (span.end == null && stream.status() != Status.MOVING) {
                span.end = progress.elapsed();
            }
        }
        lastLook = progress.elapsed();
    }

    /** Each stream, in the order of the file. */
    List<Figures> streams(RunProgress progress) {
        return progress.streams().stream()
                .map(stream -> {
                    Span span = spans.get(stream.name());
                    return new Figures(
                            Numbers.printable(stream.name()),
                            stream.status(),
                            stream.attempt(),
                            stream.rowsWritten(),
                            stream.bytesWritten(),
                            span == null ? 0 : span.seconds(progress.elapsed()),
                            share(stream, stream.rowsRead()),
                            share(stream, stream.rowsWritten()));
                })
                .toList();
    }

    /** All streams together; of a known size when each of them is. */
    Figures all(RunProgress progress) {
        double read = 0;
        double written = 0;
        double weights = 0;
        boolean done = true;
        for (RunProgress.Stream stream : progress.streams()) {
            boolean over = stream.status() == Status.DONE || stream.status() == Status.FAILED;
            done &= over;
            double weight = over ? stream.rowsWritten() : Math.max(stream.estimatedRows(), stream.rowsRead());
            if (!over && stream.estimatedRows() <= 0) {
                weight = Double.NaN;
            }
            weights += weight;
            read += over ? weight : weight * share(stream, stream.rowsRead());
            written += over ? weight : weight * share(stream, stream.rowsWritten());
        }
        double most = done ? 1 : NEARLY_ALL;
        return new Figures(
                "all",
                Status.MOVING,
                1,
                progress.rowsWritten(),
                progress.bytesWritten(),
                progress.elapsed().toNanos() / 1e9,
                weights == 0 ? Double.NaN : Math.min(most, read / weights),
                weights == 0 ? Double.NaN : Math.min(most, written / weights));
    }

    private static double share(RunProgress.Stream stream, long rows) {
        if (stream.status() == Status.DONE) {
            return 1;
        }
        if (stream.estimatedRows() > 0) {
            return Math.min(NEARLY_ALL, (double) rows / stream.estimatedRows());
        }
        if (stream.estimatedBytes() > 0) {
            return Math.min(NEARLY_ALL, (double) stream.bytesWritten() / stream.estimatedBytes());
        }
        return Double.NaN;
    }
}
