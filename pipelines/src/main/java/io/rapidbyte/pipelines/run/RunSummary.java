// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.beam.io.PhaseReport;
import java.util.List;
import java.util.Map;
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
 * @param metrics every metric, summed over streams and threads, by name
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
        Map<String, Long> metrics) {
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
     */
    public record Stream(String name, long rowsRead, long rows, long refused, long bytes, double seconds) {}

    public RunSummary {
        streams = List.copyOf(streams);
        metrics = Map.copyOf(metrics);
    }

    /** Returns the metrics that are nanoseconds, by name, sorted. */
    public SortedMap<String, Long> nanos() {
        SortedMap<String, Long> nanos = new TreeMap<>(metrics);
        nanos.keySet().removeIf(name -> !name.endsWith("_nanos"));
        return nanos;
    }

    /** Returns the rows committed. */
    public long rows() {
        return streams.stream().mapToLong(Stream::rows).sum();
    }

    /** Returns the records that were left out. */
    public long refused() {
        return streams.stream().mapToLong(Stream::refused).sum();
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
