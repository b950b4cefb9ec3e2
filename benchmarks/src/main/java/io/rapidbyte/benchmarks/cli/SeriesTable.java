// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import io.rapidbyte.benchmarks.result.Iteration;
import io.rapidbyte.benchmarks.result.Series;
import io.rapidbyte.benchmarks.result.Statistics;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** Iterations as a table for people: a line for each series, in the order in which they were first measured. */
final class SeriesTable {
    private static final double BYTES_PER_MB = 1e6;

    private final Map<String, List<Iteration>> series = new LinkedHashMap<>();

    SeriesTable(List<Iteration> iterations) {
        for (Iteration iteration : iterations) {
            series.computeIfAbsent(
                            Series.Key.of(iteration) + iteration.environment().commit(), any -> new ArrayList<>())
                    .add(iteration);
        }
    }

    void print(PrintWriter out) {
        out.printf(
                "%-44s %11s %9s %9s %9s %11s %8s %8s %9s%n",
                "contender", "rows", "median s", "fastest", "slowest", "rows/s", "MB/s", "CPU s", "peak MB");
        series.values().forEach(group -> {
            Iteration first = group.get(0);
            double median = median(group, Iteration::seconds);
            out.printf(
                    Locale.ROOT,
                    "%-44s %,11d %9.3f %9.3f %9.3f %,11.0f %8.1f %8s %9s%n",
                    first.label(),
                    first.rows(),
                    median,
                    group.stream().mapToDouble(Iteration::seconds).min().orElse(0),
                    group.stream().mapToDouble(Iteration::seconds).max().orElse(0),
                    first.rows() / median,
                    first.tableBytes() / BYTES_PER_MB / median,
                    figure(group, iteration -> iteration.figures().processCpuSeconds(), "%.2f", 1),
                    figure(group, iteration -> iteration.figures().peakRssBytes(), "%.0f", BYTES_PER_MB));
        });
        out.flush();
    }

    private static String figure(
            List<Iteration> group, Function<Iteration, Number> figure, String format, double divisor) {
        List<Iteration> known = group.stream()
                .filter(iteration -> Objects.nonNull(figure.apply(iteration)))
                .toList();
        return known.isEmpty()
                ? "-"
                : String.format(
                        Locale.ROOT,
                        format,
                        median(known, one -> figure.apply(one).doubleValue()) / divisor);
    }

    private static double median(List<Iteration> group, ToDoubleFunction<Iteration> figure) {
        return Statistics.median(group.stream().mapToDouble(figure).toArray());
    }
}
