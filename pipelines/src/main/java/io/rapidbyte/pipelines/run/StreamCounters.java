// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.beam.io.RapidbyteMetrics;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.metrics.MetricNameFilter;
import org.apache.beam.sdk.metrics.MetricResult;
import org.apache.beam.sdk.metrics.MetricsFilter;

/** The counters of a run at one moment, by stream. Attempted ones: not every runner has committed ones. */
final class StreamCounters {
    private static final MetricsFilter OURS = MetricsFilter.builder()
            .addNameFilter(MetricNameFilter.inNamespace(RapidbyteMetrics.NAMESPACE))
            .build();

    private final Map<String, Map<String, Long>> byStream = new HashMap<>();

    private StreamCounters() {}

    static StreamCounters of(PipelineResult result) {
        StreamCounters counters = new StreamCounters();
        for (MetricResult<Long> counter : result.metrics().queryMetrics(OURS).getCounters()) {
            RapidbyteMetrics.Name.parse(counter.getName().getName()).ifPresent(name -> counters.byStream
                    .computeIfAbsent(name.stream(), any -> new HashMap<>())
                    .merge(name.metric(), counter.getAttempted(), Long::sum));
        }
        return counters;
    }

    long get(String stream, String metric) {
        return byStream.getOrDefault(stream, Map.of()).getOrDefault(metric, 0L);
    }

    /** The sum over all streams. */
    long sum(String metric) {
        return byStream.values().stream()
                .mapToLong(each -> each.getOrDefault(metric, 0L))
                .sum();
    }

    /** The names of all counters of all streams. */
    Set<String> names() {
        Set<String> names = new TreeSet<>();
        byStream.values().forEach(each -> names.addAll(each.keySet()));
        return names;
    }
}
