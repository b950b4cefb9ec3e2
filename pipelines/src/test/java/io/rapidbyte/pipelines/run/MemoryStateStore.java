// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.pipelines.state.CompletedStream;
import io.rapidbyte.pipelines.state.PipelineBusyException;
import io.rapidbyte.pipelines.state.PipelineLock;
import io.rapidbyte.pipelines.state.RunRecord;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StoredDeadLetter;
import io.rapidbyte.pipelines.state.StreamPosition;
import io.rapidbyte.pipelines.state.StreamRun;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Remembers what a teardown asks for, of one pipeline, and nothing else. */
final class MemoryStateStore implements StateStore {
    private final List<StreamRun> unfinished = new ArrayList<>();
    private boolean locked;

    @Override
    public PipelineLock lock(String pipeline) {
        if (locked) {
            throw new PipelineBusyException("The pipeline " + pipeline + " is running.");
        }
        locked = true;
        return new PipelineLock() {
            @Override
            public boolean isHeld() {
                return locked;
            }

            @Override
            public void close() {
                locked = false;
            }
        };
    }

    @Override
    public void plan(String pipeline, StreamRun stream) {
        unfinished.add(stream);
    }

    @Override
    public List<StreamRun> unfinished(String pipeline) {
        return List.copyOf(unfinished);
    }

    @Override
    public void giveUp(String pipeline, String stream) {
        unfinished.removeIf(each -> each.stream().equals(stream));
    }

    @Override
    public void close() {
        // There is nothing to give back.
    }

    @Override
    public void begin(RunRecord run) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void complete(String runId, CompletedStream stream) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void report(StreamRun stream) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void end(RunRecord run) {
        throw new UnsupportedOperationException();
    }

    @Override
    public List<RunRecord> runs(String pipeline, int most) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Optional<RunRecord> run(String runId) {
        throw new UnsupportedOperationException();
    }

    @Override
    public List<StreamRun> streams(String runId) {
        throw new UnsupportedOperationException();
    }

    @Override
    public List<StreamPosition> positions(String pipeline) {
        throw new UnsupportedOperationException();
    }

    @Override
    public List<String> reset(String pipeline, String stream) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void keep(List<StoredDeadLetter> letters) {
        throw new UnsupportedOperationException();
    }

    @Override
    public List<StoredDeadLetter> deadLetters(String runId, int most) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long deadLetterCount(String runId) {
        throw new UnsupportedOperationException();
    }
}
