// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** Where a read call stands: what it may claim next, and which batch comes next ({@code docs/abi.md}, section 9). */
final class ReadState {
    final long from;
    final long to;
    final ReadCallbacks callbacks;

    private long next;
    private long unit = -1;
    private boolean denied;
    private int sequence;
    private long units;
    private long rows;
    private long batches;
    private boolean firstUnitGranted;
    private boolean firstUnitEmitted;
    private FrameException refused;

    ReadState(long from, long to, ReadCallbacks callbacks) {
        this.from = from;
        this.to = to;
        this.next = from;
        this.callbacks = callbacks;
    }

    void requireClaimable(long wanted) throws ImportFailure {
        if (denied) {
            throw ImportFailure.wrongState("claim(" + wanted + ") comes after a claim that was denied");
        }
        if (wanted < next || wanted >= to) {
            throw ImportFailure.wrongState("claim(" + wanted + ") is not in [" + next + ", " + to
                    + "), the units that this read may still claim");
        }
    }

    void claimed(long claimedUnit, boolean granted) {
        next = claimedUnit + 1;
        if (granted) {
            unit = claimedUnit;
            sequence = 0;
            units++;
            firstUnitGranted |= claimedUnit == 0;
        } else {
            unit = -1;
            denied = true;
        }
    }

    /** The unit that batches belong to now. */
    long requireUnit() throws ImportFailure {
        if (unit < 0) {
            throw ImportFailure.wrongState("emit_batch comes before a claim that was granted");
        }
        return unit;
    }

    int nextSequence() {
        return sequence;
    }

    void emitted(int rowsOfBatch) {
        sequence++;
        batches++;
        rows += rowsOfBatch;
        firstUnitEmitted |= unit == 0;
    }

    void refuse(FrameException failure) {
        if (refused == null) {
            refused = failure;
        }
    }

    /** The first batch that was refused; null when there was none. */
    FrameException refused() {
        return refused;
    }

    boolean owesFirstBatch() {
        return firstUnitGranted && !firstUnitEmitted;
    }

    ReadResult result() {
        return new ReadResult(units, rows, batches);
    }
}
