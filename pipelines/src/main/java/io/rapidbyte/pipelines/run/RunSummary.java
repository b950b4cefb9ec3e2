// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static java.util.Objects.requireNonNull;

import io.rapidbyte.beam.io.PhaseReport;
import io.rapidbyte.beam.io.RapidbyteMetrics;
import io.rapidbyte.beam.io.StreamReport;
import io.rapidbyte.pipelines.run.RunProgress.Status;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a run did and where its time went.
 *
 * @param pipeline the pipeline's name
 * @param runId the run
 * @param runner {@code direct} or {@code flink}
 * @param parallelism threads the runner had
 * @param streams in the order of the pipeline file
 * @param seconds from the first check to the last commit, measured from outside
 * @param preflightSeconds the part of it before data began to move
 * @param reading where the time of all reading threads went
 * @param writing where the time of all writing threads went
 * @param metrics every metric, summed over streams, attempts and threads, or the greatest of them for one that is a maximum, by name; with those of {@link ProcessCpu} where the runner works in this process
 * @param choices what was chosen where the file leaves it open
 */
public record RunSummary(
        String pipeline,
        String runId,
        String runner,
        int parallelism,
        List<Stream> streams,
        double seconds,
        double preflightSeconds,
        PhaseReport reading,
        PhaseReport writing,
        Map<String, Long> metrics,
        List<Choice> choices) {
    /**
     * What was done for one stream.
     *
     * @param name the stream
     * @param rowsRead emitted by the source
     * @param rows committed by the destination
     * @param refused records that the destination refused and that were left out
     * @param bytes bytes of the committed batches
     * @param seconds from its first batch's reading to its completion; streams move side by side, so these do not add up; 0 when the
     *     runner does not tell
     * @param status what became of it: {@link Status#DONE}, {@link Status#FAILED}, or {@link Status#WAITING} when it was never begun
     * @param attempts how often it was begun
     * @param deadLetters records that were left out and kept
     * @param error why it failed, in a sentence; null when it did not
     * @param resumed whether it went on with what an earlier run had begun
     * @param metrics its metrics, by name, likewise over attempts and threads
     */
    public record Stream(
            String name,
            long rowsRead,
            long rows,
            long refused,
            long bytes,
            double seconds,
            Status status,
            int attempts,
            long deadLetters,
            String error,
            boolean resumed,
            Map<String, Long> metrics) {
        public Stream {
            requireNonNull(name, "name");
            requireNonNull(status, "status");
            metrics = Map.copyOf(metrics);
        }

        /** A stream that was done at once, without dead letters. */
        public Stream(String name, long rowsRead, long rows, long refused, long bytes, double seconds) {
            this(name, rowsRead, rows, refused, bytes, seconds, Status.DONE, 1, 0, null, false, Map.of());
        }

        /** A stream that was done at once, by its metrics. */
        public static Stream of(StreamReport report, double seconds) {
            return new Stream(
                    report.stream(),
                    report.recordsRead(),
                    report.recordsWritten(),
                    report.recordsRefused(),
                    report.bytesWritten(),
                    seconds,
                    Status.DONE,
                    1,
                    report.get(RapidbyteMetrics.DEAD_LETTERS),
                    null,
                    false,
                    report.metrics());
        }

        /** How unevenly the reading was divided: as {@link #writeSkew()}, by the rows read. */
        public OptionalDouble readSkew() {
            return skew(
                    RapidbyteMetrics.RECORDS_READ,
                    RapidbyteMetrics.SOURCE_WORKERS,
                    RapidbyteMetrics.SOURCE_WORKER_RECORDS_MAX);
        }

        /**
         * How unevenly the writing was divided: the rows of the worker that wrote most, in proportion to the mean of all that took part. 1 is even, and
         * as many as there were workers is one that wrote everything. Empty when no rows were counted.
         */
        public OptionalDouble writeSkew() {
            return skew(
                    RapidbyteMetrics.RECORDS_WRITTEN,
                    RapidbyteMetrics.DEST_WORKERS,
                    RapidbyteMetrics.DEST_WORKER_RECORDS_MAX);
        }

        private OptionalDouble skew(String all, String workers, String most) {
            long records = metrics.getOrDefault(all, 0L);
            long ofBusiest = metrics.getOrDefault(most, 0L);
            return records == 0 || ofBusiest == 0
                    ? OptionalDouble.empty()
                    : OptionalDouble.of((double) ofBusiest * metrics.getOrDefault(workers, 0L) / records);
        }

        /** The same with another end, after so many attempts. */
        public Stream ended(Status end, int afterAttempts, String why) {
            return new Stream(
                    name,
                    rowsRead,
                    rows,
                    refused,
                    bytes,
                    seconds,
                    end,
                    afterAttempts,
                    deadLetters,
                    why,
                    resumed,
                    metrics);
        }

        /** The same, going on with what an earlier run had begun. */
        public Stream asResumed() {
            return new Stream(
                    name, rowsRead, rows, refused, bytes, seconds, status, attempts, deadLetters, error, true, metrics);
        }
    }

    /**
     * A setting that the file leaves open.
     *
     * @param name the key of the file that would say otherwise, for example {@code resources.parallelism}
     * @param value what was chosen
     * @param reason why, in words that go on after the value
     */
    public record Choice(String name, String value, String reason) {
        public Choice {
            requireNonNull(name, "name");
            requireNonNull(value, "value");
            requireNonNull(reason, "reason");
        }
    }

    public RunSummary {
        streams = List.copyOf(streams);
        metrics = Map.copyOf(metrics);
        choices = List.copyOf(choices);
    }

    /** A run that chose nothing. */
    public RunSummary(
            String pipeline,
            String runId,
            String runner,
            int parallelism,
            List<Stream> streams,
            double seconds,
            double preflightSeconds,
            PhaseReport reading,
            PhaseReport writing,
            Map<String, Long> metrics) {
        this(
                pipeline,
                runId,
                runner,
                parallelism,
                streams,
                seconds,
                preflightSeconds,
                reading,
                writing,
                metrics,
                List.of());
    }

    /** Returns the metrics that are nanoseconds, by name, sorted. */
    public SortedMap<String, Long> nanos() {
        return nanos(metrics);
    }

    /** Returns the metrics that are not nanoseconds, by name, sorted. */
    public SortedMap<String, Long> counters() {
        return counters(metrics);
    }

    /** Returns those that are nanoseconds, by name, sorted. */
    public static SortedMap<String, Long> nanos(Map<String, Long> metrics) {
        SortedMap<String, Long> nanos = new TreeMap<>(metrics);
        nanos.keySet().removeIf(name -> !name.endsWith("_nanos"));
        return nanos;
    }

    /** Returns those that are not nanoseconds, by name, sorted. */
    public static SortedMap<String, Long> counters(Map<String, Long> metrics) {
        SortedMap<String, Long> counters = new TreeMap<>(metrics);
        counters.keySet().removeIf(name -> name.endsWith("_nanos"));
        return counters;
    }

    /** The same without what streams failed by, for where that is said elsewhere. */
    public RunSummary withoutErrors() {
        return new RunSummary(
                pipeline,
                runId,
                runner,
                parallelism,
                streams.stream()
                        .map(stream -> stream.ended(stream.status(), stream.attempts(), null))
                        .toList(),
                seconds,
                preflightSeconds,
                reading,
                writing,
                metrics,
                choices);
    }

    /** Whether every stream is complete in its target. */
    public boolean isDone() {
        return streams.stream().allMatch(stream -> stream.status() == Status.DONE);
    }

    /** Returns how often a stream was begun, all streams together. */
    public int attempts() {
        return streams.stream().mapToInt(Stream::attempts).sum();
    }

    /** Returns the rows committed. */
    public long rows() {
        return streams.stream().mapToLong(Stream::rows).sum();
    }

    /** Returns the records that were left out. */
    public long refused() {
        return streams.stream().mapToLong(Stream::refused).sum();
    }

    /** Returns the records that were left out and kept. */
    public long deadLetters() {
        return streams.stream().mapToLong(Stream::deadLetters).sum();
    }

    /** Returns the bytes committed. */
    public long bytes() {
        return streams.stream().mapToLong(Stream::bytes).sum();
    }

    /** Returns the seconds in which data moved. */
    public double movingSeconds() {
        return seconds - preflightSeconds;
    }
}
