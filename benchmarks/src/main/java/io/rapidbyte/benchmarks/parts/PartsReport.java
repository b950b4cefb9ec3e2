// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.parts;

import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/** The results of the micro benchmarks as Markdown tables. */
public final class PartsReport {
    private static final String MEGABYTES = "megabytes";
    private static final String ROWS = "rows";
    private static final String PHASE = "Seconds";

    private PartsReport() {}

    /**
     * One table with a line for each benchmark, and one with the phases of those that have some: the share of the time, and
     * the megabytes a second that the phase alone would reach.
     */
    public static String markdown(Collection<RunResult> results) {
        StringBuilder scores = new StringBuilder();
        StringBuilder phases = new StringBuilder();
        for (RunResult result : results) {
            BenchmarkParams params = result.getParams();
            Result<?> primary = result.getPrimaryResult();
            Map<String, Double> secondary = new TreeMap<>();
            result.getSecondaryResults().forEach((name, each) -> secondary.put(name, each.getScore()));
            row(
                    scores,
                    name(params),
                    parameters(params),
                    number(primary.getScore()),
                    number(primary.getScoreError()),
                    primary.getScoreUnit(),
                    number(secondary.getOrDefault(MEGABYTES, Double.NaN)),
                    number(secondary.getOrDefault(ROWS, Double.NaN)));
            secondary.forEach((name, share) -> {
                if (name.endsWith(PHASE)) {
                    row(
                            phases,
                            name(params),
                            parameters(params),
                            name.substring(0, name.length() - PHASE.length()),
                            String.format(Locale.ROOT, "%.1f %%", 100 * share),
                            number(share < 0.001 ? Double.NaN : secondary.get(MEGABYTES) / share));
                }
            });
        }
        String report = "| part | parameters | score | ± | unit | MB/s | rows/s |\n"
                + "| --- | --- | ---: | ---: | --- | ---: | ---: |\n" + scores;
        return phases.isEmpty()
                ? report
                : report + "\n| part | parameters | phase | share of the time | MB/s within it |\n"
                        + "| --- | --- | --- | ---: | ---: |\n" + phases;
    }

    private static String name(BenchmarkParams params) {
        String name = params.getBenchmark();
        int method = name.lastIndexOf('.');
        return name.substring(name.lastIndexOf('.', method - 1) + 1);
    }

    private static String parameters(BenchmarkParams params) {
        return params.getParamsKeys().stream()
                .map(key -> key + " " + params.getParam(key))
                .collect(Collectors.joining(", "));
    }

    private static void row(StringBuilder out, String... cells) {
        out.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    /** Three digits, as far as that makes sense; nothing where there is no number. */
    private static String number(double value) {
        if (Double.isNaN(value)) {
            return "";
        }
        String format = Math.abs(value) >= 100 ? "%,.0f" : Math.abs(value) >= 10 ? "%.1f" : "%.2f";
        return String.format(Locale.ROOT, format, value);
    }
}
