// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.io.Serializable;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.metrics.DistributionResult;
import org.apache.beam.sdk.metrics.MetricNameFilter;
import org.apache.beam.sdk.metrics.MetricQueryResults;
import org.apache.beam.sdk.metrics.MetricResult;
import org.apache.beam.sdk.metrics.MetricsFilter;

/**
 * What a run did, by stream, from the metrics that the runner collected. It can be built while the pipeline runs, for progress, and
 * when it is done.
 *
 * <p>It counts attempts, since several runners have no other metrics: work that a runner repeated is in it as often as it was done. A runner that
 * knows what has been committed is not believed less than that: Direct calls a pipeline done before it has counted the attempt that did it.
 *
 * @param streams by stream name, sorted
 */
public record RunReport(SortedMap<String, StreamReport> streams) implements Serializable {
    /** Copies the map. */
    public RunReport {
        streams = Collections.unmodifiableSortedMap(new TreeMap<>(streams));
    }

    /** The report of a run in its present state. */
    public static RunReport of(PipelineResult result) {
        MetricQueryResults metrics = result.metrics()
                .queryMetrics(MetricsFilter.builder()
                        .addNameFilter(MetricNameFilter.inNamespace(RapidbyteMetrics.NAMESPACE))
                        .build());
        SortedMap<String, SortedMap<String, Long>> byStream = new TreeMap<>();
        for (MetricResult<Long> counter : metrics.getCounters()) {
            put(byStream, counter.getName().getName(), counted(counter));
        }
        for (MetricResult<DistributionResult> distribution : metrics.getDistributions()) {
            put(byStream, distribution.getName().getName(), greatest(distribution));
        }
        SortedMap<String, StreamReport> streams = new TreeMap<>();
        byStream.forEach((stream, values) -> streams.put(stream, new StreamReport(stream, values)));
        return new RunReport(streams);
    }

    private static long counted(MetricResult<Long> counter) {
        Long committed = counter.getCommittedOrNull();
        return committed == null ? counter.getAttempted() : Math.max(committed, counter.getAttempted());
    }

    private static long greatest(MetricResult<DistributionResult> distribution) {
        DistributionResult committed = distribution.getCommittedOrNull();
        long attempted = distribution.getAttempted().getMax();
        return committed == null ? attempted : Math.max(committed.getMax(), attempted);
    }

    private static void put(SortedMap<String, SortedMap<String, Long>> byStream, String fullName, long value) {
        RapidbyteMetrics.Name.parse(fullName)
                .ifPresent(name -> byStream.computeIfAbsent(name.stream(), any -> new TreeMap<>())
                        .merge(
                                name.metric(),
                                value,
                                (one, other) -> RapidbyteMetrics.combine(name.metric(), one, other)));
    }

    /** A metric over all streams: the sum, or the greatest value of one that is a maximum. */
    public long total(String metric) {
        return streams.values().stream()
                .mapToLong(stream -> stream.get(metric))
                .reduce(0, (one, other) -> RapidbyteMetrics.combine(metric, one, other));
    }
}
