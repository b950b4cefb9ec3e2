// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.report;

import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.Template;
import io.rapidbyte.benchmarks.report.Charts.Bar;
import io.rapidbyte.benchmarks.report.Charts.Point;
import io.rapidbyte.benchmarks.report.Charts.Scale;
import io.rapidbyte.benchmarks.report.Charts.Segment;
import io.rapidbyte.benchmarks.report.Figures.Dimension;
import io.rapidbyte.benchmarks.report.Figures.Group;
import io.rapidbyte.benchmarks.report.Figures.Line;
import io.rapidbyte.benchmarks.report.Figures.Lines;
import io.rapidbyte.benchmarks.report.Figures.Variant;
import io.rapidbyte.benchmarks.result.Environment;
import io.rapidbyte.benchmarks.result.Iteration;
import io.rapidbyte.benchmarks.result.Phases;
import io.rapidbyte.benchmarks.result.Series;
import io.rapidbyte.benchmarks.result.Statistics;
import io.rapidbyte.benchmarks.result.Statistics.Summary;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Results as one HTML page that needs nothing beside it: no network, no scripts. The same results give the same page on the same machine;
 * elsewhere the fonts that plots are measured with may differ.
 */
public final class HtmlReport {
    private static final String TEMPLATE = "report.mustache";

    /** The contender that stands out, and takes the first colour. */
    private static final String OWN = "rapidbyte";

    // What both sides do has one colour, work that matters most the first, and waiting that of what is nothing.
    private static final int[] READING_COLORS = {6, 1, 2, 0, 5, 7, 4, 3};
    private static final int[] WRITING_COLORS = {6, 1, 7, 0, 2, 3, 4};

    private final Figures figures;
    private final Charts charts = new Charts();
    private final List<String> contenders = new ArrayList<>();

    private HtmlReport(Figures figures) {
        this.figures = figures;
        figures.series().stream()
                .map(Series::contender)
                .distinct()
                .sorted(Comparator.comparing((String contender) -> !contender.equals(OWN)))
                .forEach(contenders::add);
    }

    /**
     * The page.
     *
     * @param iterations all results; of each series the last run is shown
     * @throws IllegalArgumentException when there are none
     */
    public static String of(List<Iteration> iterations) {
        if (iterations.isEmpty()) {
            throw new IllegalArgumentException("There are no results to report; measure first.");
        }
        return new HtmlReport(Figures.of(iterations)).page();
    }

    private String page() {
        try (Reader reader =
                new InputStreamReader(HtmlReport.class.getResourceAsStream(TEMPLATE), StandardCharsets.UTF_8)) {
            Template template = Mustache.compiler().escapeHTML(true).compile(reader);
            return template.execute(Map.of(
                    "environment", environment(),
                    "sections", sections(),
                    "columns", columns(),
                    "rows", rows()));
        } catch (IOException e) {
            throw new UncheckedIOException("the template of the report cannot be read", e);
        }
    }

    private List<Map<String, String>> environment() {
        Map<String, Function<Environment, String>> members = new LinkedHashMap<>();
        members.put("Commit", Texts::commit);
        members.put("Processor", Environment::cpu);
        members.put("Cores", environment -> String.valueOf(environment.cores()));
        members.put("Memory", environment -> Texts.gibibytes(environment.memoryBytes()));
        members.put("System", Environment::os);
        members.put("JDK", Environment::jdk);
        members.put("Postgres", Environment::postgres);
        List<Map<String, String>> entries = new ArrayList<>();
        members.forEach((name, member) -> entries.add(Map.of(
                "name",
                name,
                "value",
                figures.environments().stream().map(member).distinct().collect(Collectors.joining(" / ")))));
        TreeSet<String> times = new TreeSet<>();
        figures.series().forEach(series -> series.iterations().forEach(iteration -> times.add(iteration.time())));
        // To the minute.
        String first = minute(times.first());
        String last = minute(times.last());
        entries.add(Map.of("name", "Measured", "value", first.equals(last) ? first : first + " to " + last));
        return entries;
    }

    private static String minute(String time) {
        return time.length() < 16 ? time : time.substring(0, 16).replace('T', ' ') + " UTC";
    }

    private List<Map<String, Object>> sections() {
        List<Map<String, Object>> sections = new ArrayList<>();
        section(
                sections,
                "peers",
                "Beside its peers",
                "Median throughput of contenders that copied the same table in turn. The thin line on a bar spans the quartiles.",
                figures.peers().stream().map(this::peers).toList());
        section(
                sections,
                "rows",
                "Throughput by size",
                "Median throughput by the rows of the table, which grow tenfold from mark to mark. Upright lines span the quartiles.",
                figures.byRows().stream()
                        .map(lines -> lines(
                                lines,
                                Scale.DECADES,
                                "rows of the table",
                                figures.byRows().size() == 1))
                        .toList());
        section(
                sections,
                "scaling",
                "Scaling with partitions",
                "Median throughput by the number of partitions that are copied side by side.",
                figures.byPartitions().stream()
                        .map(lines -> lines(
                                lines,
                                Scale.DOUBLES,
                                "partitions",
                                figures.byPartitions().size() == 1))
                        .toList());
        section(
                sections,
                "phases",
                "Where the time goes",
                "Median seconds of each phase; threads that work side by side add up, so that a bar may be longer than the copy took.",
                figures.breakdowns().stream()
                        .flatMap(group -> List.of(
                                phases(group, "reading", Phases.READING, READING_COLORS),
                                phases(group, "writing", Phases.WRITING, WRITING_COLORS))
                                .stream())
                        .toList());
        section(
                sections,
                "matrix",
                "What settings do",
                "Throughput relative to the same contender without the setting, measured beside it. The thin line is the 95 % interval: a "
                        + "bar whose line crosses 1 shows no difference.",
                figures.dimensions().stream().map(this::dimension).toList());
        return sections;
    }

    private static void section(
            List<Map<String, Object>> sections, String id, String title, String text, List<Map<String, Object>> plots) {
        if (!plots.isEmpty()) {
            sections.add(Map.of("id", id, "title", title, "text", text, "plots", plots));
        }
    }

    private Map<String, Object> peers(Group group) {
        List<Bar> bars = group.series().stream()
                .sorted(Comparator.comparingDouble(
                        series -> -series.rowsPerSecond().median()))
                .map(series -> {
                    Summary speed = series.rowsPerSecond();
                    return new Bar(
                            series.key().label(),
                            speed.median(),
                            speed.lowerQuartile(),
                            speed.upperQuartile(),
                            Texts.count(speed.median()),
                            contenders.indexOf(series.contender()));
                })
                .toList();
        String title = Texts.heading(group.place());
        return plot(title, charts.bars(title, bars, "rows/s", Double.NaN, Charts.WIDE), List.of(), true);
    }

    private Map<String, Object> lines(Lines lines, Scale scale, String across, boolean wide) {
        List<Charts.Line> drawn = new ArrayList<>();
        List<Map<String, String>> legend = new ArrayList<>();
        for (Line line : lines.lines()) {
            List<Point> points = new ArrayList<>();
            line.points().forEach((number, series) -> {
                Summary speed = series.rowsPerSecond();
                points.add(new Point(number, speed.median(), speed.lowerQuartile(), speed.upperQuartile()));
            });
            legend.add(legend(line.label(), drawn.size()));
            drawn.add(new Charts.Line(drawn.size(), points));
        }
        String title = Texts.heading(lines.place());
        return plot(
                title,
                charts.lines(title, drawn, scale, across, "rows/s", wide ? Charts.WIDE : Charts.NARROW),
                legend,
                wide);
    }

    private Map<String, Object> phases(Group group, String side, List<String> phases, int[] colors) {
        List<Map<String, String>> legend = new ArrayList<>();
        List<Segment> segments = new ArrayList<>();
        for (String phase : phases) {
            int color = colors[segments.size() % colors.length];
            legend.add(legend(Phases.title(phase), color));
            segments.add(new Segment(
                    color,
                    group.series().stream()
                            .mapToDouble(series -> Statistics.median(series.phase(phase)))
                            .toArray()));
        }
        List<String> labels =
                group.series().stream().map(series -> series.key().label()).toList();
        String title = Texts.heading(group.place()) + ", " + side;
        return plot(title, charts.stacks(title, labels, segments, "seconds", Charts.NARROW), legend, false);
    }

    private Map<String, Object> dimension(Dimension dimension) {
        List<Bar> bars = new ArrayList<>();
        int color = contenders.indexOf(dimension.contender());
        bars.add(new Bar(dimension.baseValue(), 1, 1, 1, Texts.times(1), Charts.COLORS - 1));
        for (Variant variant : dimension.variants()) {
            bars.add(new Bar(
                    variant.value(),
                    variant.throughput().estimate(),
                    variant.throughput().low(),
                    variant.throughput().high(),
                    Texts.times(variant.throughput().estimate()),
                    color));
        }
        String title = dimension.contender() + ", " + dimension.setting();
        Map<String, Object> plot =
                plot(title, charts.bars(title, bars, "throughput, relative", 1, Charts.NARROW), List.of(), false);
        plot.put("note", Texts.heading(dimension.place()));
        return plot;
    }

    private static Map<String, String> legend(String name, int color) {
        return Map.of("name", name, "variable", Charts.colorVariable(color));
    }

    private static Map<String, Object> plot(String title, String svg, List<Map<String, String>> legend, boolean wide) {
        Map<String, Object> plot = new LinkedHashMap<>();
        plot.put("title", title);
        plot.put("svg", svg);
        plot.put("legend", legend);
        plot.put("wide", wide);
        plot.put("note", "");
        return plot;
    }

    private static List<String> columns() {
        return List.of(
                "iterations",
                "median",
                "quartiles",
                "spread",
                "rows/s",
                "MB/s",
                "process CPU",
                "machine CPU",
                "peak RSS",
                "GC",
                "crossings");
    }

    private List<Map<String, Object>> rows() {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Series series : figures.series()) {
            Summary seconds = series.seconds();
            rows.add(Map.of(
                    "scenario",
                    series.key().scenario(),
                    "label",
                    series.key().label(),
                    "table",
                    series.key().table(),
                    "cells",
                    List.of(
                            Texts.count(seconds.count()),
                            Texts.seconds(seconds.median()),
                            Texts.quartiles(seconds),
                            Texts.percent(seconds.relativeSpread()),
                            Texts.count(series.rowsPerSecond().median()),
                            Texts.megabytesPerSecond(series),
                            Texts.seconds(series.figure(Iteration.Figures::processCpuSeconds)),
                            Texts.seconds(series.figure(Iteration.Figures::machineCpuSeconds)),
                            Texts.megabytes(series.figure(Iteration.Figures::peakRssBytes)),
                            Texts.seconds(series.figure(Iteration.Figures::gcSeconds)),
                            Texts.count(series.figure(Iteration.Figures::crossings)))));
        }
        return rows;
    }
}
