// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.ReadCallbacks;
import org.apache.beam.sdk.io.range.OffsetRange;
import org.apache.beam.sdk.transforms.DoFn.OutputReceiver;
import org.apache.beam.sdk.transforms.splittabledofn.RestrictionTracker;

/**
 * One read call as the source sees it: units are granted by the runner's tracker, batches go straight to the runner.
 *
 * <p>Some runners hold a bundle's whole output before the next step sees any of it, for every split at once. So a bundle ends by bytes:
 * the next unit is denied without asking the tracker, which leaves it open for the bundle that resumes.
 */
final class UnitsRead implements ReadCallbacks {
    private final ConnectorSpec spec;
    private final String stream;
    private final String position;
    private final RestrictionTracker<OffsetRange, Long> tracker;
    private final OutputReceiver<ArrowBatch> batches;
    private final long maxBytes;

    private long bytes;
    private long rows;
    private long batchCount;
    private boolean endedByBytes;

    UnitsRead(
            ConnectorSpec spec,
            String stream,
            String position,
            RestrictionTracker<OffsetRange, Long> tracker,
            OutputReceiver<ArrowBatch> batches,
            long maxBytes) {
        this.spec = spec;
        this.stream = stream;
        this.position = position;
        this.tracker = tracker;
        this.batches = batches;
        this.maxBytes = maxBytes;
    }

    @Override
    public boolean claim(long unit) {
        stopWhenInterrupted();
        // Behind the end of a range that was split meanwhile nothing is left to resume with, and the tracker says no by
        // itself.
        if (bytes >= maxBytes && unit < tracker.currentRestriction().getTo()) {
            endedByBytes = true;
            return false;
        }
        return tracker.tryClaim(unit);
    }

    @Override
    public void emit(Frame frame) {
        stopWhenInterrupted();
        BatchId id = new BatchId(spec.runId(), stream, frame.unit(), frame.sequence());
        ArrowBatch batch = ArrowBatch.of(id, frame.rows(), frame.bytes());
        // Of every stream there is this batch, and there is it once.
        boolean first = frame.unit() == 0 && frame.sequence() == 0;
        batches.output(first ? batch.withPosition(position) : batch);
        bytes += frame.bytes().length;
        rows += frame.rows();
        batchCount++;
    }

    long bytes() {
        return bytes;
    }

    long rows() {
        return rows;
    }

    long batches() {
        return batchCount;
    }

    /** Whether units were left because the bundle was large enough, and not because the runner took them away. */
    boolean endedByBytes() {
        return endedByBytes;
    }

    /** Runners cancel by interrupting the thread. The flag stays set for those above. */
    private void stopWhenInterrupted() {
        if (Thread.currentThread().isInterrupted()) {
            throw new ConnectorException(
                    spec.name(),
                    ConnectorError.of(
                            Category.CANCELLED,
                            "interrupted",
                            "Reading stream " + stream + " with " + spec.name() + " was interrupted."));
        }
    }
}
