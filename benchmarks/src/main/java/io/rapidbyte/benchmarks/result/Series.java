// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.result;

import io.rapidbyte.benchmarks.result.Statistics.Summary;
import io.rapidbyte.benchmarks.scenario.Measure;
import io.rapidbyte.pipelines.cli.Numbers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Iterations that measured the same: one contender with the same settings at the same table.
 *
 * @param key what they have in common
 * @param iterations at least one, in the order of the file
 */
public record Series(Key key, List<Iteration> iterations) {
    public Series {
        iterations = List.copyOf(iterations);
        if (iterations.isEmpty()) {
            throw new IllegalArgumentException("the series " + key + " has no iterations");
        }
    }

    /**
     * What distinguishes series. A scenario may measure several tables, so its name and the label are not enough.
     *
     * @param scenario the scenario's name
     * @param profile the table's profile
     * @param rows the table's rows
     * @param measure what the clock covers
     * @param label the contender with its settings
     */
    public record Key(String scenario, String profile, long rows, Measure measure, String label) {
        /** The key of an iteration. */
        public static Key of(Iteration iteration) {
            return new Key(
                    iteration.scenario(),
                    iteration.profile(),
                    iteration.rows(),
                    iteration.measure(),
                    iteration.label());
        }

        /** The table and what the clock covers: {@code small, 1,000,000 rows, steady}. */
        public String table() {
            return profile + ", " + Numbers.count(rows) + " rows, "
                    + measure.name().toLowerCase(Locale.ROOT);
        }

        @Override
        public String toString() {
            return scenario + " / " + label + " (" + table() + ")";
        }
    }

    /** Groups iterations, in the order in which the first of each series comes. */
    public static List<Series> of(List<Iteration> iterations) {
        Map<Key, List<Iteration>> groups = new LinkedHashMap<>();
        for (Iteration iteration : iterations) {
            groups.computeIfAbsent(Key.of(iteration), key -> new ArrayList<>()).add(iteration);
        }
        return groups.entrySet().stream()
                .map(group -> new Series(group.getKey(), group.getValue()))
                .toList();
    }

    /** The same series with only the iterations of its last run, and there of the last version when it measured several. */
    public Series latest() {
        String last = runs().last();
        List<Iteration> ofRun = iterations.stream()
                .filter(iteration -> iteration.run().equals(last))
                .toList();
        String version = ofRun.get(ofRun.size() - 1).environment().version();
        return new Series(
                key,
                ofRun.stream()
                        .filter(iteration -> iteration.environment().version().equals(version))
                        .toList());
    }

    /** The runs that iterations come from, the oldest first. */
    public SortedSet<String> runs() {
        SortedSet<String> runs = new TreeSet<>();
        iterations.forEach(iteration -> runs.add(iteration.run()));
        return runs;
    }

    /** The contender, without its settings. */
    public String contender() {
        return iterations.get(0).contender();
    }

    /** The settings that are not the contender's defaults. */
    public SortedMap<String, String> settings() {
        return iterations.get(0).settings();
    }

    /** Wall time of an iteration. */
    public Summary seconds() {
        return Statistics.summarize(values(Iteration::seconds));
    }

    /** Rows per second of wall time. */
    public Summary rowsPerSecond() {
        return Statistics.summarize(values(Iteration::rowsPerSecond));
    }

    /** Megabytes (10^6) of the source table per second of wall time. */
    public Summary mbPerSecond() {
        return Statistics.summarize(values(Iteration::mbPerSecond));
    }

    /** The median of a figure over the iterations that have it; empty when none does. */
    public Optional<Double> figure(Function<Iteration.Figures, ? extends Number> figure) {
        double[] values = iterations.stream()
                .map(Iteration::figures)
                .map(figure)
                .filter(Objects::nonNull)
                .mapToDouble(Number::doubleValue)
                .toArray();
        return values.length == 0 ? Optional.empty() : Optional.of(Statistics.median(values));
    }

    /** The names of the phases that any iteration has. */
    public SortedSet<String> phases() {
        SortedSet<String> phases = new TreeSet<>();
        iterations.forEach(
                iteration -> phases.addAll(iteration.figures().phases().keySet()));
        return phases;
    }

    /** The seconds of a phase in each iteration; zero where it did not occur. */
    public double[] phase(String phase) {
        return values(iteration -> iteration.figures().phases().getOrDefault(phase, 0.0));
    }

    /** A value of each iteration. */
    public double[] values(ToDoubleFunction<Iteration> value) {
        return iterations.stream().mapToDouble(value).toArray();
    }
}
