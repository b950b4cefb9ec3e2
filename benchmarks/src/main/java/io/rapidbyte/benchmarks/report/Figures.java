// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.report;

import io.rapidbyte.benchmarks.result.Environment;
import io.rapidbyte.benchmarks.result.Iteration;
import io.rapidbyte.benchmarks.result.Phases;
import io.rapidbyte.benchmarks.result.Series;
import io.rapidbyte.benchmarks.result.Statistics;
import io.rapidbyte.benchmarks.result.Statistics.Ratio;
import io.rapidbyte.benchmarks.scenario.Measure;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What results have to show, whichever way it is shown. Of each series only the last run counts, for a mixture of runs would show
 * neither; all lists are in the order in which the results name things first.
 *
 * @param environments where the iterations were measured, without the runner
 * @param peers contenders that measured the same table
 * @param byRows contenders that measured tables of several sizes
 * @param byPartitions contenders that were measured with several numbers of partitions
 * @param breakdowns where the time went
 * @param dimensions settings that were varied
 * @param series all series
 */
record Figures(
        Set<Environment> environments,
        List<Group> peers,
        List<Lines> byRows,
        List<Lines> byPartitions,
        List<Group> breakdowns,
        List<Dimension> dimensions,
        List<Series> series) {

    private static final String PARTITIONS = "partitions";

    /** One table in one scenario. Its {@code toString} is a heading. */
    record Place(String scenario, String profile, long rows, Measure measure) {
        static Place of(Series series) {
            Series.Key key = series.key();
            return new Place(key.scenario(), key.profile(), key.rows(), key.measure());
        }

        /** The same table of any size. */
        Place anySize() {
            return new Place(scenario, profile, 0, measure);
        }
    }

    /** Series of one table. */
    record Group(Place place, List<Series> series) {}

    /** Series whose throughput depends on a number. */
    record Lines(Place place, List<Line> lines) {}

    /** One contender's throughput by that number. */
    record Line(String label, SortedMap<Long, Series> points) {}

    /** One setting of one contender, each value beside the contender without it. */
    record Dimension(Place place, String contender, String setting, String baseValue, List<Variant> variants) {}

    /** One value of a setting, and its throughput relative to the contender without it. */
    record Variant(String value, Series series, Ratio throughput) {}

    static Figures of(List<Iteration> iterations) {
        List<Series> series = Series.of(iterations).stream().map(Series::latest).toList();
        Set<Environment> environments = new LinkedHashSet<>();
        series.stream()
                .flatMap(one -> one.iterations().stream())
                .forEach(iteration -> environments.add(iteration.environment().withRunner("")));
        Map<Place, List<Series>> places = grouped(series, Place::of);
        List<Dimension> dimensions = new ArrayList<>();
        places.forEach((place, members) -> dimensions.addAll(dimensions(place, members, inOrder(iterations, members))));
        List<Lines> byPartitions = lines(places, Figures::withoutPartitions, Figures::partitions);
        // The largest table of each kind stands for it; the smaller ones are in the plots by rows and in the table.
        Map<Place, List<Series>> largest = new LinkedHashMap<>();
        places.forEach((place, members) -> {
            boolean isLargest = places.keySet().stream()
                    .noneMatch(other -> other.anySize().equals(place.anySize()) && other.rows() > place.rows());
            if (isLargest) {
                largest.put(place, members);
            }
        });
        return new Figures(
                environments,
                peers(largest, dimensions, byPartitions),
                lines(
                        grouped(series, one -> Place.of(one).anySize()),
                        one -> one.key().label(),
                        one -> one.key().rows()),
                byPartitions,
                breakdowns(largest),
                dimensions,
                series);
    }

    private static Map<Place, List<Series>> grouped(List<Series> series, Function<Series, Place> place) {
        return series.stream().collect(Collectors.groupingBy(place, LinkedHashMap::new, Collectors.toList()));
    }

    private static List<Iteration> inOrder(List<Iteration> iterations, List<Series> members) {
        Set<Iteration> wanted = new HashSet<>();
        members.forEach(series -> wanted.addAll(series.iterations()));
        return iterations.stream().filter(wanted::contains).toList();
    }

    private static List<Group> peers(
            Map<Place, List<Series>> places, List<Dimension> dimensions, List<Lines> byPartitions) {
        List<Group> groups = new ArrayList<>();
        places.forEach((place, members) -> {
            Set<Series> elsewhere = new LinkedHashSet<>();
            List<Dimension> varied = dimensions.stream()
                    .filter(dimension -> dimension.place().equals(place))
                    .toList();
            if (varied.size() > 1) {
                varied.forEach(dimension -> dimension.variants().forEach(variant -> elsewhere.add(variant.series())));
            }
            List<Series> scaled = byPartitions.stream()
                    .filter(lines -> lines.place().equals(place))
                    .flatMap(lines -> lines.lines().stream())
                    .flatMap(line -> line.points().values().stream())
                    .toList();
            List<Series> peers = members.stream()
                    .filter(series -> !elsewhere.contains(series))
                    .toList();
            boolean several = peers.stream().map(Series::contender).distinct().count() > 1;
            if (several && !scaled.containsAll(peers)) {
                groups.add(new Group(place, peers));
            }
        });
        return groups;
    }

    private static List<Lines> lines(
            Map<Place, List<Series>> places, Function<Series, String> label, Function<Series, Long> number) {
        List<Lines> all = new ArrayList<>();
        places.forEach((place, members) -> {
            Map<String, SortedMap<Long, Series>> points = new LinkedHashMap<>();
            members.stream()
                    .filter(series -> number.apply(series) > 0)
                    .forEach(series -> points.computeIfAbsent(label.apply(series), any -> new TreeMap<>())
                            .put(number.apply(series), series));
            List<Line> lines = new ArrayList<>();
            points.forEach((name, line) -> {
                if (line.size() > 1) {
                    lines.add(new Line(name, line));
                }
            });
            if (!lines.isEmpty()) {
                all.add(new Lines(place, lines));
            }
        });
        return all;
    }

    private static long partitions(Series series) {
        String value = series.settings().get(PARTITIONS);
        return value != null && value.matches("\\d{1,9}") ? Long.parseLong(value) : 0;
    }

    private static String withoutPartitions(Series series) {
        return series.contender()
                + series.settings().entrySet().stream()
                        .filter(setting -> !setting.getKey().equals(PARTITIONS))
                        .map(setting -> " " + setting.getKey() + "=" + setting.getValue())
                        .collect(Collectors.joining());
    }

    private static List<Group> breakdowns(Map<Place, List<Series>> places) {
        List<Group> groups = new ArrayList<>();
        places.forEach((place, members) -> {
            List<Series> timed = members.stream()
                    .filter(series -> series.phases().stream()
                            .anyMatch(phase -> Phases.READING.contains(phase) || Phases.WRITING.contains(phase)))
                    .toList();
            if (!timed.isEmpty()) {
                groups.add(new Group(place, timed));
            }
        });
        return groups;
    }

    private static List<Dimension> dimensions(Place place, List<Series> members, List<Iteration> inOrder) {
        List<Dimension> dimensions = new ArrayList<>();
        Map<String, List<Series>> contenders = members.stream()
                .collect(Collectors.groupingBy(Series::contender, LinkedHashMap::new, Collectors.toList()));
        contenders.forEach((contender, all) -> {
            Series base = all.get(0);
            Map<String, List<Series>> varied = new LinkedHashMap<>();
            for (Series series : all) {
                Set<String> differing = differing(base, series);
                if (differing.size() == 1) {
                    varied.computeIfAbsent(differing.iterator().next(), any -> new ArrayList<>())
                            .add(series);
                }
            }
            // Partitions alone are a matter of scaling, which has a plot of its own.
            if (varied.keySet().equals(Set.of(PARTITIONS))) {
                return;
            }
            varied.forEach((setting, variants) -> {
                double[] beside = beside(base, setting, varied, inOrder);
                dimensions.add(new Dimension(
                        place,
                        contender,
                        setting,
                        base.settings().getOrDefault(setting, "default"),
                        variants.stream()
                                .map(series -> new Variant(
                                        series.settings().getOrDefault(setting, "default"),
                                        series,
                                        Statistics.medianRatio(beside, series.values(Iteration::rowsPerSecond))))
                                .toList()));
            });
        });
        return dimensions;
    }

    private static Set<String> differing(Series one, Series other) {
        Set<String> names = new LinkedHashSet<>(one.settings().keySet());
        names.addAll(other.settings().keySet());
        names.removeIf(name -> String.valueOf(one.settings().get(name))
                .equals(String.valueOf(other.settings().get(name))));
        return names;
    }

    /**
     * The throughput of those of the base's iterations that were measured in turn with the values of this setting. The base is measured
     * anew beside each setting, and between settings the machine may have become slower.
     */
    private static double[] beside(
            Series base, String setting, Map<String, List<Series>> varied, List<Iteration> inOrder) {
        Map<Series.Key, String> settingOf = new LinkedHashMap<>();
        varied.forEach((name, variants) -> variants.forEach(series -> settingOf.put(series.key(), name)));
        List<Double> values = new ArrayList<>();
        for (int i = 0; i < inOrder.size(); i++) {
            boolean ofBase = Series.Key.of(inOrder.get(i)).equals(base.key());
            if (ofBase && setting.equals(nearest(i, settingOf, inOrder))) {
                values.add(inOrder.get(i).rowsPerSecond());
            }
        }
        return values.isEmpty()
                ? base.values(Iteration::rowsPerSecond)
                : values.stream().mapToDouble(Double::doubleValue).toArray();
    }

    private static String nearest(int index, Map<Series.Key, String> settingOf, List<Iteration> inOrder) {
        for (int distance = 1; distance < inOrder.size(); distance++) {
            for (int i : new int[] {index + distance, index - distance}) {
                if (i >= 0 && i < inOrder.size() && settingOf.containsKey(Series.Key.of(inOrder.get(i)))) {
                    return settingOf.get(Series.Key.of(inOrder.get(i)));
                }
            }
        }
        return "";
    }
}
