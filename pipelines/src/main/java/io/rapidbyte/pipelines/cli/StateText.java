// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static io.rapidbyte.pipelines.cli.TextTable.Side.LEFT;
import static io.rapidbyte.pipelines.cli.TextTable.Side.RIGHT;

import io.rapidbyte.pipelines.run.Positions;
import io.rapidbyte.pipelines.state.RunRecord;
import io.rapidbyte.pipelines.state.RunStatus;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StoredDeadLetter;
import io.rapidbyte.pipelines.state.StreamPosition;
import io.rapidbyte.pipelines.state.StreamRun;
import io.rapidbyte.pipelines.state.StreamStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a pipeline remembers, for people. */
final class StateText {
    private StateText() {}

    /**
     * Returns positions, the last runs, and what is unfinished.
     *
     * @param fitting tells whether positions fit the file; null when that cannot be told
     */
    static List<String> overview(PipelineState state, StateStore store, Positions fitting, int mostRuns) {
        List<RunRecord> runs = store.runs(state.name(), mostRuns);
        List<String> lines = new ArrayList<>();
        lines.add("Pipeline " + state.name() + ", " + state.storeName());
        lines.add("");
        List<StreamPosition> positions = store.positions(state.name());
        lines.addAll(positions(positions));
        lines.add("");
        List<String> refusals = fitting == null ? List.of() : fitting.refusals(positions);
        if (!refusals.isEmpty()) {
            lines.add("The next run will be refused:");
            refusals.forEach(each -> lines.add(Printable.sentence(each)));
            lines.add("");
        }
        lines.addAll(runs(runs));
        List<StreamRun> unfinished = store.unfinished(state.name());
        if (!unfinished.isEmpty()) {
            lines.add("");
            unfinished.forEach(each -> lines.add(whatComesOf(each, state, runs)));
        }
        return lines;
    }

    /** Returns a run with its streams and dead letters. */
    static List<String> run(StateStore store, RunRecord run, int mostLetters) {
        List<String> lines = new ArrayList<>();
        lines.add("Run %s of pipeline %s on %s: %s"
                .formatted(
                        run.runId(),
                        run.pipeline(),
                        word(run.runner()),
                        run.status().name().toLowerCase(Locale.ROOT)));
        lines.add("started " + PipelineState.time(run.started())
                + (run.ended() == null ? "" : ", ended " + PipelineState.time(run.ended())));
        if (run.errorMessage() != null) {
            lines.add(oneLine(run.errorMessage()));
        }
        lines.add("");
        lines.addAll(streams(store.streams(run.runId())));
        long letters = store.deadLetterCount(run.runId());
        if (letters > 0) {
            lines.add("");
            lines.addAll(deadLetters(store.deadLetters(run.runId(), mostLetters)));
            if (letters > mostLetters) {
                lines.add("... and " + Numbers.count(letters - mostLetters) + " dead letters more; --json shows them.");
            }
        }
        return lines;
    }

    private static List<String> positions(List<StreamPosition> positions) {
        if (positions.isEmpty()) {
            return List.of("No stream has a position: each is read from its beginning.");
        }
        TextTable table = TextTable.of(
                List.of(LEFT, LEFT, LEFT, LEFT, LEFT, LEFT), "stream", "cursor", "type", "value", "updated", "run");
        for (StreamPosition position : positions) {
            table.add(
                    position.stream(),
                    word(position.cursorField()),
                    word(position.cursorType()),
                    shortened(word(position.cursorValue())),
                    PipelineState.time(position.updated()),
                    position.runId());
        }
        return table.lines();
    }

    private static List<String> runs(List<RunRecord> runs) {
        if (runs.isEmpty()) {
            return List.of("It has not run yet.");
        }
        TextTable table = TextTable.of(
                List.of(LEFT, LEFT, LEFT, LEFT, LEFT, LEFT), "run", "status", "runner", "started", "ended", "error");
        for (RunRecord run : runs) {
            table.add(
                    run.runId(),
                    run.status().name().toLowerCase(Locale.ROOT),
                    word(run.runner()),
                    PipelineState.time(run.started()),
                    PipelineState.time(run.ended()),
                    shortened(word(run.errorMessage())));
        }
        return table.lines();
    }

    private static List<String> streams(List<StreamRun> streams) {
        if (streams.isEmpty()) {
            return List.of("It has begun no stream.");
        }
        TextTable table = TextTable.of(
                List.of(LEFT, LEFT, RIGHT, RIGHT, RIGHT, RIGHT, RIGHT, RIGHT, LEFT),
                "stream",
                "status",
                "attempts",
                "rows read",
                "rows",
                "refused",
                "MB",
                "seconds",
                "error");
        for (StreamRun stream : streams) {
            table.add(
                    stream.stream(),
                    word(stream.status()),
                    Numbers.count(stream.attempts()),
                    Numbers.count(stream.rowsRead()),
                    Numbers.count(stream.rows()),
                    Numbers.count(stream.refused()),
                    Numbers.megabytes(stream.bytes()),
                    stream.seconds() <= 0 ? "-" : Numbers.seconds(stream.seconds()),
                    shortened(word(stream.errorMessage())));
        }
        return table.lines();
    }

    private static List<String> deadLetters(List<StoredDeadLetter> letters) {
        TextTable table = TextTable.of(List.of(LEFT, LEFT, LEFT, LEFT), "dead letter of", "code", "reason", "record");
        for (StoredDeadLetter letter : letters) {
            table.add(
                    letter.stream(),
                    word(letter.code()),
                    shortened(word(letter.reason())),
                    shortened(word(letter.record())));
        }
        return table.lines();
    }

    /** What the next run does about a stream that was begun and is not complete. */
    static String whatComesOf(StreamRun stream, PipelineState state, List<RunRecord> runs) {
        String begun = "%s: run %s %s. "
                .formatted(
                        stream.stream(),
                        stream.runId(),
                        stream.status() == StreamStatus.FAILED ? "failed in it" : "began it");
        boolean running =
                runs.stream().anyMatch(run -> run.runId().equals(stream.runId()) && run.status() == RunStatus.RUNNING);
        if (!state.streams().contains(stream.stream())) {
            return begun + "The pipeline file does not name it any more, and no run goes on with it.";
        }
        return begun
                + (running ? "If that run has died, the next run " : "The next run ")
                + ("append".equals(stream.writeMode())
                        ? "goes on where it stopped, unless the stream or its target was changed in the pipeline file."
                        : "begins it anew.");
    }

    private static String word(StreamStatus status) {
        return status.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String word(String text) {
        return text == null ? "" : text;
    }

    /** As much as a line of a table takes. */
    private static String shortened(String text) {
        String line = oneLine(text);
        int most = 80;
        return line.codePointCount(0, line.length()) <= most
                ? line
                : line.substring(0, line.offsetByCodePoints(0, most - 3)) + "...";
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
