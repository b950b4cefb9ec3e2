// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static io.rapidbyte.pipelines.cli.TextTable.Side.LEFT;
import static io.rapidbyte.pipelines.cli.TextTable.Side.RIGHT;

import io.rapidbyte.beam.io.PhaseReport;
import io.rapidbyte.beam.io.RapidbyteMetrics;
import io.rapidbyte.pipelines.run.Bottleneck;
import io.rapidbyte.pipelines.run.ProcessCpu;
import io.rapidbyte.pipelines.run.RunSummary;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/** The summary of a run for people: what was moved, and where the time went. */
final class SummaryText {
    /** Columns of sentences below the tables. */
    private static final int LINE = 100;

    /** A column of the table of streams: what it says of all of them and of each. */
    private record Column(String heading, TextTable.Side side, String all, Function<RunSummary.Stream, String> stream) {
        static Column count(String heading, long all, ToLongFunction<RunSummary.Stream> stream) {
            return new Column(heading, RIGHT, Numbers.count(all), each -> Numbers.count(stream.applyAsLong(each)));
        }
    }

    private SummaryText() {}

    /**
     * Returns the lines.
     *
     * @param verified what the last column says of each stream; an empty map leaves the column out
     */
    static List<String> of(RunSummary summary, Map<String, String> verified) {
        List<String> lines = new ArrayList<>();
        lines.add("Pipeline %s, run %s, %s runner with %s"
                .formatted(
                        summary.pipeline(),
                        summary.runId(),
                        summary.runner(),
                        summary.parallelism() == 1 ? "1 thread" : summary.parallelism() + " threads"));
        lines.add("");
        lines.addAll(streams(summary, verified));
        summary.streams().stream()
                .filter(stream -> stream.error() != null)
                .forEach(stream ->
                        lines.add(Numbers.printable(stream.name()) + ": " + Numbers.printable(stream.error())));
        lines.add("");
        lines.addAll(phases(summary));
        String compression = compression(summary);
        if (compression != null) {
            lines.add("");
            lines.add(compression);
        }
        String hint = Bottleneck.of(summary).sentence();
        if (hint != null) {
            lines.add("");
            lines.addAll(Sentences.wrapped(hint, LINE));
        }
        return lines;
    }

    private static List<String> streams(RunSummary summary, Map<String, String> verified) {
        List<Column> columns = columns(summary, verified);
        TextTable table = TextTable.of(
                columns.stream().map(Column::side).toList(),
                columns.stream().map(Column::heading).toArray(String[]::new));
        for (RunSummary.Stream stream : summary.streams()) {
            table.add(columns.stream()
                    .map(column -> column.stream().apply(stream))
                    .toArray(String[]::new));
        }
        table.rule();
        table.add(columns.stream().map(Column::all).toArray(String[]::new));
        return table.lines();
    }

    /** Those that most runs have nothing to say in are there only when this one has. */
    private static List<Column> columns(RunSummary summary, Map<String, String> verified) {
        double moving = summary.movingSeconds();
        List<Column> columns = new ArrayList<>();
        columns.add(new Column("stream", LEFT, "all", stream -> Numbers.printable(stream.name())));
        if (!summary.isDone()) {
            columns.add(new Column("status", LEFT, "", SummaryText::status));
        }
        columns.add(Column.count("rows", summary.rows(), RunSummary.Stream::rows));
        if (summary.refused() > 0) {
            columns.add(Column.count("refused", summary.refused(), RunSummary.Stream::refused));
        }
        if (summary.deadLetters() > 0) {
            columns.add(Column.count("dead letters", summary.deadLetters(), RunSummary.Stream::deadLetters));
        }
        columns.add(new Column(
                "MB", RIGHT, Numbers.megabytes(summary.bytes()), stream -> Numbers.megabytes(stream.bytes())));
        columns.add(new Column("seconds", RIGHT, seconds(moving), stream -> seconds(stream.seconds())));
        columns.add(new Column(
                "rows/s",
                RIGHT,
                Numbers.perSecond(summary.rows(), moving),
                stream -> Numbers.perSecond(stream.rows(), stream.seconds())));
        columns.add(new Column(
                "MB/s",
                RIGHT,
                Numbers.megabytesPerSecond(summary.bytes(), moving),
                stream -> Numbers.megabytesPerSecond(stream.bytes(), stream.seconds())));
        if (summary.streams().stream().anyMatch(stream -> stream.attempts() > 1)) {
            columns.add(Column.count("attempts", summary.attempts(), RunSummary.Stream::attempts));
        }
        if (summary.streams().stream().anyMatch(RunSummary.Stream::resumed)) {
            columns.add(new Column("resumed", LEFT, "", stream -> stream.resumed() ? "yes" : "no"));
        }
        if (!verified.isEmpty()) {
            columns.add(new Column("verified", LEFT, "", stream -> verified.getOrDefault(stream.name(), "")));
        }
        return columns;
    }

    private static String status(RunSummary.Stream stream) {
        return switch (stream.status()) {
            case DONE -> "done";
            case FAILED -> "failed";
            case WAITING -> "not begun";
            case MOVING, RETRYING -> "not done";
        };
    }

    private static String seconds(double seconds) {
        return seconds <= 0 ? "-" : Numbers.seconds(seconds);
    }

    private static List<String> phases(RunSummary summary) {
        TextTable table = TextTable.of(List.of(LEFT, RIGHT, RIGHT), "where the time went", "seconds", "share");
        side(table, "reading, all threads", summary.reading());
        side(table, "writing, all threads", summary.writing());
        row(table, summary, RapidbyteMetrics.SINK_ENQUEUE_WAIT);
        row(table, summary, RapidbyteMetrics.SINK_COMMIT_WAIT);
        row(table, summary, RapidbyteMetrics.SOURCE_PLAN);
        row(table, summary, RapidbyteMetrics.DEST_FINALIZE);
        row(table, summary, RapidbyteMetrics.SOURCE_VM_SETUP);
        row(table, summary, RapidbyteMetrics.DEST_VM_SETUP);
        row(table, summary, RapidbyteMetrics.MODULE_LOAD);
        rowWhenThere(table, summary, RapidbyteMetrics.COMPRESS);
        rowWhenThere(table, summary, RapidbyteMetrics.DECOMPRESS);
        rowWhenThere(table, summary, ProcessCpu.PROCESS_CPU);
        table.rule();
        table.add("checks before the run, by the clock", Numbers.seconds(summary.preflightSeconds()), "");
        table.add("whole run, by the clock", Numbers.seconds(summary.seconds()), "");
        return table.lines();
    }

    /** What compressing made of the batches that it was given; null when it was given none. */
    private static String compression(RunSummary summary) {
        long before = summary.metrics().getOrDefault(RapidbyteMetrics.COMPRESS_BYTES_IN, 0L);
        long after = summary.metrics().getOrDefault(RapidbyteMetrics.COMPRESS_BYTES_OUT, 0L);
        return before == 0
                ? null
                : String.format(
                        Locale.ROOT,
                        "%s MB were compressed to %s MB (%.0f %%).",
                        Numbers.megabytes(before),
                        Numbers.megabytes(after),
                        100.0 * after / before);
    }

    private static void side(TextTable table, String name, PhaseReport side) {
        table.add(name, Numbers.seconds(side.wholeNanos() / 1e9), "");
        side.phases().forEach((phase, nanos) -> {
            String share = side.wholeNanos() == 0
                    ? ""
                    : String.format(Locale.ROOT, "%.0f %%", 100.0 * nanos / side.wholeNanos());
            table.add("  " + PhaseNames.of(phase), Numbers.seconds(nanos / 1e9), share);
        });
    }

    private static void row(TextTable table, RunSummary summary, String metric) {
        table.add(PhaseNames.of(metric), Numbers.seconds(summary.nanos().getOrDefault(metric, 0L) / 1e9), "");
    }

    private static void rowWhenThere(TextTable table, RunSummary summary, String metric) {
        if (summary.metrics().getOrDefault(metric, 0L) > 0) {
            row(table, summary, metric);
        }
    }
}
