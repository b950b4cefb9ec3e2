// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.report;

import io.rapidbyte.benchmarks.report.Figures.Dimension;
import io.rapidbyte.benchmarks.report.Figures.Group;
import io.rapidbyte.benchmarks.report.Figures.Line;
import io.rapidbyte.benchmarks.report.Figures.Lines;
import io.rapidbyte.benchmarks.report.Figures.Variant;
import io.rapidbyte.benchmarks.result.Iteration;
import io.rapidbyte.benchmarks.result.Phases;
import io.rapidbyte.benchmarks.result.Series;
import io.rapidbyte.benchmarks.result.Statistics;
import io.rapidbyte.benchmarks.result.Statistics.Summary;
import io.rapidbyte.benchmarks.result.Table;
import io.rapidbyte.pipelines.cli.Numbers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tables of results within a Markdown document. Where they stand is marked with {@code <!-- figures:peers -->} and {@code <!-- /figures
 * -->}, both on lines of their own; what is between is replaced. The same results give the same text on every machine.
 */
public final class MarkdownFigures {
    private static final Pattern OPENING = Pattern.compile("^<!-- figures:(\\S*) -->$");
    private static final String CLOSING = "<!-- /figures -->";
    private static final String NOT_MEASURED = "Not measured yet.\n";
    private static final String OWN = "rapidbyte";

    private final Figures figures;
    private final SortedMap<String, Supplier<String>> kinds = new TreeMap<>();

    /** The tables of these results. */
    public MarkdownFigures(List<Iteration> iterations) {
        this.figures = Figures.of(iterations);
        kinds.putAll(
                Map.of("peers", this::peers, "scaling", this::scaling, "phases", this::phases, "matrix", this::matrix));
    }

    /**
     * A document with its tables made anew. Line ends become those of Unix.
     *
     * @param name what the document is called, for messages
     * @param document the whole of it
     * @throws IllegalArgumentException when a marker is wrong or has no end; a sentence that names document and line
     */
    public String replaceIn(String name, String document) {
        StringBuilder written = new StringBuilder();
        int opened = 0;
        List<String> lines = document.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            Matcher opening = OPENING.matcher(lines.get(i).strip());
            boolean closes = lines.get(i).strip().equals(CLOSING);
            if (opening.matches() && opened == 0) {
                written.append(lines.get(i))
                        .append("\n\n")
                        .append(tables(name, i + 1, opening.group(1)))
                        .append('\n');
                opened = i + 1;
            } else if (opening.matches() || closes && opened == 0) {
                throw new IllegalArgumentException(name + ", line " + (i + 1) + ": "
                        + (closes
                                ? "no figures were opened before"
                                : "the figures of line " + opened + " are not closed")
                        + "; figures stand between '<!-- figures:peers -->' and '" + CLOSING + "'.");
            } else if (closes || opened == 0) {
                written.append(lines.get(i)).append('\n');
                opened = 0;
            }
        }
        if (opened > 0) {
            throw new IllegalArgumentException(
                    name + ", line " + opened + ": these figures have no end; add a line '" + CLOSING + "'.");
        }
        return written.toString();
    }

    private String tables(String name, int line, String kind) {
        Supplier<String> tables = kinds.get(kind);
        if (tables == null) {
            throw new IllegalArgumentException(name + ", line " + line + ": there are no figures '" + kind
                    + "'; there are " + String.join(", ", kinds.keySet()) + ".");
        }
        String text = tables.get();
        return text.isEmpty() ? NOT_MEASURED : text;
    }

    private String peers() {
        List<String> tables = new ArrayList<>();
        for (Group group : figures.peers()) {
            Optional<Series> own = group.series().stream()
                    .filter(series -> series.contender().startsWith(OWN))
                    .findFirst();
            Table table = new Table(
                    1,
                    "contender",
                    "median",
                    "quartiles",
                    "rows/s",
                    "MB/s",
                    "process CPU",
                    "machine CPU",
                    "peak RSS",
                    "Rapidbyte is");
            group.series().stream()
                    .sorted(Comparator.comparingDouble(
                            series -> series.seconds().median()))
                    .forEach(series -> {
                        Summary seconds = series.seconds();
                        table.add(
                                series.key().label(),
                                Texts.seconds(seconds.median()),
                                Texts.quartiles(seconds),
                                Texts.count(series.rowsPerSecond().median()),
                                Texts.megabytesPerSecond(series),
                                Texts.seconds(series.figure(Iteration.Figures::processCpuSeconds)),
                                Texts.seconds(series.figure(Iteration.Figures::machineCpuSeconds)),
                                Texts.megabytes(series.figure(Iteration.Figures::peakRssBytes)),
                                own.filter(rapidbyte -> !rapidbyte.equals(series))
                                        .map(rapidbyte -> Texts.times(Statistics.medianRatio(
                                                        series.values(Iteration::rowsPerSecond),
                                                        rapidbyte.values(Iteration::rowsPerSecond))
                                                .estimate()))
                                        .orElse(""));
                    });
            tables.add(titled(Texts.heading(group.place()), table));
        }
        return String.join("\n", tables);
    }

    private String scaling() {
        List<String> tables = new ArrayList<>();
        figures.byPartitions().forEach(lines -> tables.add(lines(lines, "partitions")));
        figures.byRows().forEach(lines -> tables.add(lines(lines, "rows")));
        return String.join("\n", tables);
    }

    private static String lines(Lines lines, String number) {
        Table table = new Table(1, "contender", number, "median", "quartiles", "rows/s", "MB/s", "relative");
        for (Line line : lines.lines()) {
            double first =
                    line.points().values().iterator().next().rowsPerSecond().median();
            line.points()
                    .forEach((value, series) -> table.add(
                            line.label(),
                            Numbers.count(value),
                            Texts.seconds(series.seconds().median()),
                            Texts.quartiles(series.seconds()),
                            Texts.count(series.rowsPerSecond().median()),
                            Texts.megabytesPerSecond(series),
                            Texts.times(series.rowsPerSecond().median() / first)));
        }
        return titled(Texts.heading(lines.place()) + ", by " + number, table);
    }

    private String phases() {
        List<String> tables = new ArrayList<>();
        for (Group group : figures.breakdowns()) {
            // A column for each contender as it is by default; what settings do to phases is for the page, which is
            // wider.
            List<Series> shown =
                    group.series().stream().filter(series -> !isVaried(series)).toList();
            if (shown.isEmpty()) {
                continue;
            }
            List<String> headings = new ArrayList<>(List.of("phase"));
            for (Series series : shown) {
                headings.addAll(List.of(series.key().label(), "share"));
            }
            Table table = new Table(1, headings.toArray(String[]::new));
            side(table, shown, "reading", Phases.READING);
            side(table, shown, "writing", Phases.WRITING);
            tables.add(titled(Texts.heading(group.place()), table));
        }
        return String.join("\n", tables);
    }

    private boolean isVaried(Series series) {
        return figures.dimensions().stream()
                        .flatMap(dimension -> dimension.variants().stream())
                        .anyMatch(variant -> variant.series().equals(series))
                || figures.byPartitions().stream()
                        .flatMap(lines -> lines.lines().stream())
                        .anyMatch(line -> line.points().containsValue(series));
    }

    private static void side(Table table, List<Series> shown, String side, List<String> phases) {
        double[] wholes =
                shown.stream().mapToDouble(series -> sum(series, phases)).toArray();
        if (Arrays.stream(wholes).sum() == 0) {
            return;
        }
        List<String> whole = new ArrayList<>(List.of("**" + side + "**, all threads"));
        Arrays.stream(wholes).forEach(seconds -> whole.addAll(List.of(Texts.seconds(seconds), "")));
        table.add(whole.toArray(String[]::new));
        for (String phase : phases) {
            List<String> cells = new ArrayList<>(List.of(Phases.title(phase)));
            for (int i = 0; i < shown.size(); i++) {
                double seconds = Statistics.median(shown.get(i).phase(phase));
                cells.add(Texts.seconds(seconds));
                cells.add(wholes[i] == 0 ? "" : String.format(Locale.ROOT, "%.0f %%", 100 * seconds / wholes[i]));
            }
            table.add(cells.toArray(String[]::new));
        }
    }

    private static double sum(Series series, List<String> phases) {
        return phases.stream()
                .mapToDouble(phase -> Statistics.median(series.phase(phase)))
                .sum();
    }

    private String matrix() {
        List<String> tables = new ArrayList<>();
        figures.dimensions().stream().map(Dimension::place).distinct().forEach(place -> {
            Table table =
                    new Table(3, "contender", "setting", "value", "rows/s", "throughput", "95 % interval", "peak RSS");
            for (Dimension dimension : figures.dimensions()) {
                if (dimension.place().equals(place)) {
                    for (Variant variant : dimension.variants()) {
                        table.add(
                                dimension.contender(),
                                dimension.setting(),
                                variant.value(),
                                Texts.count(variant.series().rowsPerSecond().median()),
                                Texts.times(variant.throughput().estimate()),
                                Texts.interval(variant.throughput()),
                                Texts.megabytes(variant.series().figure(Iteration.Figures::peakRssBytes)));
                    }
                }
            }
            tables.add(titled(Texts.heading(place) + ", throughput relative to the default", table));
        });
        return String.join("\n", tables);
    }

    private static String titled(String title, Table table) {
        return title.substring(0, 1).toUpperCase(Locale.ROOT) + title.substring(1) + ":\n\n" + table.markdown();
    }
}
