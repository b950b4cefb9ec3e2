// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.pipelines.run.Positions;
import io.rapidbyte.pipelines.state.RunRecord;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StreamPosition;
import io.rapidbyte.pipelines.state.StreamRun;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a pipeline remembers, for programs. */
final class StateJson {
    private StateJson() {}

    /**
     * Returns positions, the last runs, and what is unfinished.
     *
     * @param store null when there is none
     * @param fitting tells whether positions fit the file; null when that cannot be told
     */
    static ObjectNode overview(PipelineState state, StateStore store, Positions fitting, int mostRuns) {
        ObjectNode root = pipeline(state).put("exists", store != null);
        root.putArray("positions");
        root.putArray("runs");
        root.putArray("unfinished");
        if (store == null) {
            return root;
        }
        List<StreamPosition> positions = store.positions(state.name());
        Map<String, List<String>> changes = fitting == null ? Map.of() : fitting.changes(positions);
        for (StreamPosition each : positions) {
            ObjectNode node = root.withArray("positions").addObject();
            position(node, each);
            if (fitting != null) {
                changes.getOrDefault(each.stream(), List.of()).forEach(node.putArray("changes")::add);
            }
        }
        List<RunRecord> runs = store.runs(state.name(), mostRuns);
        runs.forEach(each -> run(root.withArray("runs").addObject(), each));
        for (StreamRun stream : store.unfinished(state.name())) {
            ObjectNode node = root.withArray("unfinished").addObject();
            stream(node, stream);
            node.put("run_id", stream.runId()).put("next", StateText.whatComesOf(stream, state, runs));
        }
        return root;
    }

    /** Returns a run with its streams and dead letters. */
    static ObjectNode run(PipelineState state, StateStore store, RunRecord run, int mostLetters) {
        ObjectNode root = pipeline(state);
        run(root.putObject("run"), run);
        root.putArray("streams");
        store.streams(run.runId())
                .forEach(each -> stream(root.withArray("streams").addObject(), each));
        root.put("dead_letter_count", store.deadLetterCount(run.runId()));
        root.putArray("dead_letters");
        store.deadLetters(run.runId(), mostLetters)
                .forEach(letter -> root.withArray("dead_letters")
                        .addObject()
                        .put("stream", letter.stream())
                        .put("identity", letter.identity())
                        .put("category", letter.category())
                        .put("code", letter.code())
                        .put("reason", letter.reason())
                        .put("record", letter.record())
                        .put("stored", time(letter.stored())));
        return root;
    }

    static ObjectNode pipeline(PipelineState state) {
        return JsonOutput.object("ok").put("pipeline", state.name()).put("state", state.storeName());
    }

    static void position(ObjectNode node, StreamPosition position) {
        node.put("stream", position.stream())
                .put("cursor_field", position.cursorField())
                .put("cursor_type", position.cursorType())
                .put("cursor_value", position.cursorValue())
                .put("position", position.position())
                .put("updated", time(position.updated()))
                .put("run_id", position.runId());
    }

    private static void run(ObjectNode node, RunRecord run) {
        node.put("run_id", run.runId())
                .put("status", run.status().name().toLowerCase(Locale.ROOT))
                .put("runner", run.runner())
                .put("started", time(run.started()))
                .put("ended", time(run.ended()))
                .put("error_code", run.errorCode())
                .put("error_message", run.errorMessage());
    }

    private static void stream(ObjectNode node, StreamRun stream) {
        node.put("stream", stream.stream())
                .put("status", stream.status().name().toLowerCase(Locale.ROOT))
                .put("write_run_id", stream.writeRunId())
                .put("write_mode", stream.writeMode())
                .put("attempts", stream.attempts())
                .put("rows_read", stream.rowsRead())
                .put("rows", stream.rows())
                .put("refused", stream.refused())
                .put("bytes", stream.bytes())
                .put("seconds", stream.seconds())
                .put("error_code", stream.errorCode())
                .put("error_message", stream.errorMessage());
    }

    private static String time(Instant time) {
        return time == null ? null : time.toString();
    }
}
