// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.beam.io.StreamReport;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/**
 * What a run reported.
 *
 * @param runner on which runner
 * @param parallelism with how many threads
 * @param seconds how long it took
 * @param preflightSeconds how long its checks took
 * @param metrics its metrics, by name, summed over streams; without those of host functions
 */
public record RecordedMetrics(
        String runner, int parallelism, double seconds, double preflightSeconds, Map<String, Long> metrics) {
    /** Reads a file of {@code run/metrics}. */
    public static RecordedMetrics of(String name) {
        Properties file = new Properties();
        try (InputStream stream = RecordedMetrics.class.getResourceAsStream("metrics/" + name + ".properties")) {
            file.load(stream);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String runner = (String) file.remove("runner");
        int parallelism = Integer.parseInt((String) file.remove("parallelism"));
        double seconds = Double.parseDouble((String) file.remove("seconds"));
        double preflight = Double.parseDouble((String) file.remove("preflight_seconds"));
        Map<String, Long> metrics = new HashMap<>();
        file.forEach((metric, value) -> metrics.put((String) metric, Long.parseLong((String) value)));
        return new RecordedMetrics(runner, parallelism, seconds, preflight, metrics);
    }

    /** The summary of the run. */
    public RunSummary summary() {
        return with(metrics);
    }

    /** The summary of the run, had it reported these. */
    public RunSummary with(Map<String, Long> others) {
        StreamReport report = new StreamReport("numbers", new TreeMap<>(others));
        return new RunSummary(
                "recorded",
                "run-1",
                runner,
                parallelism,
                List.of(RunSummary.Stream.of(report, seconds - preflightSeconds)),
                seconds,
                preflightSeconds,
                report.read(),
                report.write(),
                others);
    }

    static Map<String, Long> plus(Map<String, Long> metrics, Map<String, Long> more) {
        Map<String, Long> all = new HashMap<>(metrics);
        all.putAll(more);
        return all;
    }

    static Map<String, Long> moved(Map<String, Long> metrics, String from, String to) {
        return plus(metrics, Map.of(from, 0L, to, metrics.get(to) + metrics.get(from)));
    }
}
