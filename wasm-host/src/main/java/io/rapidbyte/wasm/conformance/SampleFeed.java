// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import io.rapidbyte.wasm.BatchFeed;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.WriteResult;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Feeds batches and keeps what the destination reports on the way. */
class SampleFeed implements BatchFeed {
    private final Deque<Frame> waiting;
    private final boolean checkpoints;
    private final List<String> deadLetters = new ArrayList<>();
    private final List<String> miscounts = new ArrayList<>();
    private int asked;
    private int reported;
    private long rowsSinceCheckpoint;
    private long batchesSinceCheckpoint;

    SampleFeed(List<Frame> frames) {
        this(frames, false);
    }

    private SampleFeed(List<Frame> frames, boolean checkpoints) {
        this.waiting = new ArrayDeque<>(frames);
        this.checkpoints = checkpoints;
    }

    /** A feed that asks for a checkpoint after each batch. */
    static SampleFeed withCheckpoints(List<Frame> frames) {
        return new SampleFeed(frames, true);
    }

    @Override
    public Frame next() throws InterruptedException {
        Frame frame = waiting.poll();
        if (frame != null) {
            rowsSinceCheckpoint += frame.rows();
            batchesSinceCheckpoint++;
        }
        return frame;
    }

    @Override
    public boolean checkpointDue() {
        boolean due = checkpoints && batchesSinceCheckpoint > 0;
        asked += due ? 1 : 0;
        return due;
    }

    @Override
    public void committed(WriteResult committed) {
        reported++;
        long records = committed.rows() + committed.refused();
        if (committed.batches() != batchesSinceCheckpoint || records != rowsSinceCheckpoint) {
            miscounts.add("%d rows in %d batches were given to it since the last one, and it reports %d in %d"
                    .formatted(rowsSinceCheckpoint, batchesSinceCheckpoint, records, committed.batches()));
        }
        rowsSinceCheckpoint = 0;
        batchesSinceCheckpoint = 0;
    }

    @Override
    public boolean deadLetter(String json) {
        deadLetters.add(json);
        return true;
    }

    /** Batches that were not taken. */
    int left() {
        return waiting.size();
    }

    List<String> deadLetters() {
        return deadLetters;
    }

    /** How often a checkpoint was asked for. */
    int asked() {
        return asked;
    }

    /** How often one was reported. */
    int reported() {
        return reported;
    }

    /** What was wrong with the counts of checkpoints, in words. */
    List<String> miscounts() {
        return miscounts;
    }
}
