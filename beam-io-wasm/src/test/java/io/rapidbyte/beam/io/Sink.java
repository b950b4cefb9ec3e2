// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.transforms.windowing.BoundedWindow;
import org.apache.beam.sdk.transforms.windowing.GlobalWindow;
import org.apache.beam.sdk.values.TupleTag;
import org.joda.time.Instant;

/** The writing step, called as a runner calls it. */
final class Sink implements AutoCloseable {
    private final WriteBatchesDoFn step;
    private final List<CommitReceipt> receipts = new ArrayList<>();
    private final List<DeadLetter> deadLetters = new ArrayList<>();
    private final List<DeadLetter> earlyLetters = new ArrayList<>();

    Sink(ConnectorSpec destination, int maxInflightBatches, long maxInflightBytes) {
        this(destination, Probe.append(), CheckpointIntervals.NONE, maxInflightBatches, maxInflightBytes);
    }

    Sink(
            ConnectorSpec destination,
            WriteSettings settings,
            CheckpointIntervals intervals,
            int maxInflightBatches,
            long maxInflightBytes) {
        step = new WriteBatchesDoFn(destination, settings, intervals, maxInflightBatches, maxInflightBytes);
        step.setup();
    }

    void startBundle() {
        earlyLetters.clear();
        step.startBundle();
    }

    void process(ArrowBatch batch) {
        process(batch, GlobalWindow.INSTANCE);
    }

    void process(ArrowBatch batch, BoundedWindow window) {
        try {
            step.process(batch, BoundedWindow.TIMESTAMP_MIN_VALUE, window, Collected.deadLetters(earlyLetters::add));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Ends the bundle and returns its receipts. */
    List<CommitReceipt> finishBundle() {
        receipts.clear();
        deadLetters.clear();
        try {
            step.finishBundle(step.new FinishBundleContext() {
                @Override
                public PipelineOptions getPipelineOptions() {
                    throw new UnsupportedOperationException("The step needs no options.");
                }

                @Override
                public void output(StreamCommit commit, Instant timestamp, BoundedWindow window) {
                    receipts.add(commit.receipt());
                }

                @Override
                public <T> void output(TupleTag<T> tag, T output, Instant timestamp, BoundedWindow window) {
                    deadLetters.add((DeadLetter) output);
                }
            });
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return List.copyOf(receipts);
    }

    /** What came out with the last bundle, and with its receipts. */
    List<DeadLetter> deadLetters() {
        return Stream.concat(earlyLetters.stream(), deadLetters.stream()).toList();
    }

    /** What came out of the bundle before its end. */
    List<DeadLetter> earlyLetters() {
        return List.copyOf(earlyLetters);
    }

    @Override
    public void close() {
        step.teardown();
    }
}
