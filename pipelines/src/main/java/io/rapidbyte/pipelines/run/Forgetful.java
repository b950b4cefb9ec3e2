// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.pipelines.state.CompletedStream;
import io.rapidbyte.pipelines.state.PipelineLock;
import io.rapidbyte.pipelines.state.RunRecord;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StoredDeadLetter;
import io.rapidbyte.pipelines.state.StreamPosition;
import io.rapidbyte.pipelines.state.StreamRun;
import java.util.List;
import java.util.Optional;

/** What a run writes to that is to leave nothing behind: a demonstration, a measurement. */
final class Forgetful implements StateStore {
    @Override
    public PipelineLock lock(String pipeline) {
        return new PipelineLock() {
            @Override
            public boolean isHeld() {
                return true;
            }

            @Override
            public void close() {
                // It kept nobody out.
            }
        };
    }

    @Override
    public void begin(RunRecord run) {
        // Forgotten.
    }

    @Override
    public void plan(String pipeline, StreamRun stream) {
        // Forgotten.
    }

    @Override
    public void complete(String runId, CompletedStream stream) {
        // Forgotten.
    }

    @Override
    public void report(StreamRun stream) {
        // Forgotten.
    }

    @Override
    public void end(RunRecord run) {
        // Forgotten.
    }

    @Override
    public List<StreamRun> unfinished(String pipeline) {
        return List.of();
    }

    @Override
    public void giveUp(String pipeline, String stream) {
        // There is nothing.
    }

    @Override
    public List<RunRecord> runs(String pipeline, int most) {
        return List.of();
    }

    @Override
    public Optional<RunRecord> run(String runId) {
        return Optional.empty();
    }

    @Override
    public Optional<RunRecord> firstRun(String writeRunId) {
        return Optional.empty();
    }

    @Override
    public List<StreamRun> streams(String runId) {
        return List.of();
    }

    @Override
    public List<StreamPosition> positions(String pipeline) {
        return List.of();
    }

    @Override
    public void reroute(String pipeline, String stream, String route) {
        // There is nothing.
    }

    @Override
    public List<String> reset(String pipeline, String stream) {
        return List.of();
    }

    @Override
    public void keep(List<StoredDeadLetter> letters) {
        // Forgotten.
    }

    @Override
    public List<StoredDeadLetter> deadLetters(String runId, int most) {
        return List.of();
    }

    @Override
    public long deadLetterCount(String runId) {
        return 0;
    }

    @Override
    public void close() {
        // There is nothing.
    }
}
