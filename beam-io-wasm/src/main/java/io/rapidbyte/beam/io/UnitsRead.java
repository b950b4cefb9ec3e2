// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.ReadCallbacks;
import io.rapidbyte.wasm.RecordPolicy;
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
    private final long maxBytes;
    private RestrictionTracker<OffsetRange, Long> tracker;
    private OutputReceiver<ArrowBatch> batches;
    private OutputReceiver<DeadLetter> deadLetters;

    /** The read that can pause; null when it cannot. */
    private PausableRead pausable;

    private boolean paused;

    /** The unit that was granted last, and how many dead letters it has. */
    private long unit;

    private long lettersOfUnit;

    private long bytes;
    private long rows;
    private long batchCount;
    private long letterCount;

    /** What the letters hold: they are a part of the bundle as well. */
    private long letterBytes;

    private boolean endedByBytes;

    UnitsRead(
            ConnectorSpec spec,
            String stream,
            String position,
            RestrictionTracker<OffsetRange, Long> tracker,
            OutputReceiver<ArrowBatch> batches,
            OutputReceiver<DeadLetter> deadLetters,
            long maxBytes) {
        this.spec = spec;
        this.stream = stream;
        this.position = position;
        this.tracker = tracker;
        this.batches = batches;
        this.deadLetters = deadLetters;
        this.maxBytes = maxBytes;
    }

    @Override
    public boolean claim(long wanted) {
        stopWhenInterrupted();
        // Behind the end of a range that was split meanwhile nothing is left to resume with, and the tracker says no by
        // itself.
        if (bytes + letterBytes >= maxBytes
                && wanted < tracker.currentRestriction().getTo()) {
            endedByBytes = true;
            if (pausable != null) {
                tracker.tryClaim(UnitTracker.stoppingAt(wanted));
            }
            return false;
        }
        unit = wanted;
        lettersOfUnit = 0;
        return tracker.tryClaim(wanted);
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
        if (pausable != null && bytes + letterBytes >= 2 * maxBytes && pausable.mayPause()) {
            paused = true;
            tracker.tryClaim(UnitTracker.stoppingAt(unit));
            if (!pausable.pause()) {
                throw cancelled();
            }
        }
    }

    /** Makes it a read that pauses in the midst of a unit when a bundle has become too large. */
    void pauseBy(PausableRead read) {
        pausable = read;
    }

    /** Goes on in another bundle, with the unit that it was paused in. */
    void continueIn(
            RestrictionTracker<OffsetRange, Long> newTracker,
            OutputReceiver<ArrowBatch> newBatches,
            OutputReceiver<DeadLetter> newDeadLetters) {
        tracker = newTracker;
        batches = newBatches;
        deadLetters = newDeadLetters;
        paused = false;
        bytes = 0;
        rows = 0;
        batchCount = 0;
        letterCount = 0;
        letterBytes = 0;
        if (!tracker.tryClaim(unit)) {
            throw new IllegalStateException("Unit " + unit + " of stream " + stream
                    + " is in the midst of being read, and the runner does not let it be continued.");
        }
    }

    /** The unit that was granted last. */
    long unit() {
        return unit;
    }

    /** Whether it is in the midst of a unit. */
    boolean paused() {
        return paused;
    }

    @Override
    public boolean deadLetter(String json) {
        stopWhenInterrupted();
        if (spec.limits().largeRecords() != RecordPolicy.DLQ) {
            return false;
        }
        deadLetters.output(DeadLetter.ofEmitted(spec.runId(), stream, spec.name(), unit, lettersOfUnit++, json));
        letterCount++;
        letterBytes += json.length();
        return true;
    }

    long bytes() {
        return bytes;
    }

    long deadLetters() {
        return letterCount;
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
            throw cancelled();
        }
    }

    private ConnectorException cancelled() {
        return new ConnectorException(
                spec.name(),
                ConnectorError.of(
                        Category.CANCELLED,
                        "interrupted",
                        "Reading stream " + stream + " with " + spec.name() + " was interrupted."));
    }
}
