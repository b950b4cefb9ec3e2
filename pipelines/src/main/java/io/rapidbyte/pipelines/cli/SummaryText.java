// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static io.rapidbyte.pipelines.cli.TextTable.Side.LEFT;
import static io.rapidbyte.pipelines.cli.TextTable.Side.RIGHT;

import io.rapidbyte.beam.io.PhaseReport;
import io.rapidbyte.beam.io.RapidbyteMetrics;
import io.rapidbyte.pipelines.run.RunSummary;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The summary of a run for people: what was moved, and where the time went. */
final class SummaryText {
    private SummaryText() {}

    /**
     * Returns the lines.
     *
     * @param verified what the last column says of each stream; an empty map leaves the column out
     */
    static List<String> of(RunSummary summary, Map<String, String> verified) {
        List<String> lines = new ArrayList<>();
        lines.add("Pipeline %s, run %s, %s runner with %d threads"
                .formatted(summary.pipeline(), summary.runId(), summary.runner(), summary.parallelism()));
        lines.add("");
        lines.addAll(streams(summary, verified));
        lines.add("");
        lines.addAll(phases(summary));
        return lines;
    }

    private static List<String> streams(RunSummary summary, Map<String, String> verified) {
        boolean proof = !verified.isEmpty();
        // Most runs have none, and need no column of zeros.
        boolean refused = summary.refused() > 0;
        List<TextTable.Side> sides = new ArrayList<>(List.of(LEFT, RIGHT, RIGHT, RIGHT, RIGHT, RIGHT));
        List<String> headings = new ArrayList<>(List.of("stream", "rows", "MB", "seconds", "rows/s", "MB/s"));
        if (refused) {
            sides.add(2, RIGHT);
            headings.add(2, "refused");
        }
        if (proof) {
            sides.add(LEFT);
            headings.add("verified");
        }
        TextTable table = TextTable.of(sides, headings.toArray(String[]::new));
        for (RunSummary.Stream stream : summary.streams()) {
            List<String> cells = cells(stream.name(), stream.rows(), stream.bytes(), stream.seconds());
            if (refused) {
                cells.add(2, Numbers.count(stream.refused()));
            }
            if (proof) {
                cells.add(verified.get(stream.name()));
            }
            table.add(cells.toArray(String[]::new));
        }
        table.rule();
        List<String> all = cells("all", summary.rows(), summary.bytes(), summary.movingSeconds());
        if (refused) {
            all.add(2, Numbers.count(summary.refused()));
        }
        if (proof) {
            all.add("");
        }
        table.add(all.toArray(String[]::new));
        return table.lines();
    }

    private static List<String> cells(String name, long rows, long bytes, double seconds) {
        return new ArrayList<>(List.of(
                name,
                Numbers.count(rows),
                Numbers.megabytes(bytes),
                seconds <= 0 ? "-" : Numbers.seconds(seconds),
                Numbers.perSecond(rows, seconds),
                Numbers.megabytesPerSecond(bytes, seconds)));
    }

    private static List<String> phases(RunSummary summary) {
        TextTable table = TextTable.of(List.of(LEFT, RIGHT, RIGHT), "where the time went", "seconds", "share");
        side(table, "reading, all threads", summary.reading());
        side(table, "writing, all threads", summary.writing());
        row(table, summary, RapidbyteMetrics.SINK_ENQUEUE_WAIT);
        row(table, summary, RapidbyteMetrics.SINK_COMMIT_WAIT);
        row(table, summary, RapidbyteMetrics.SOURCE_PLAN);
        row(table, summary, RapidbyteMetrics.DEST_FINALIZE);
        row(table, summary, RapidbyteMetrics.MODULE_LOAD);
        table.rule();
        table.add("checks before the run, by the clock", Numbers.seconds(summary.preflightSeconds()), "");
        table.add("whole run, by the clock", Numbers.seconds(summary.seconds()), "");
        return table.lines();
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
}
