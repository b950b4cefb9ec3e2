// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static java.util.Objects.requireNonNull;

import org.apache.beam.sdk.io.range.OffsetRange;
import org.apache.beam.sdk.transforms.splittabledofn.RestrictionTracker;
import org.apache.beam.sdk.transforms.splittabledofn.SplitResult;

/**
 * Tracks which units of a stream's plan are read. The restriction is a range of units; a claim covers one unit.
 *
 * <p>Claims arrive from inside the connector's read call, deep below the DoFn; splits and questions about progress arrive from the
 * runner's threads at any moment. Every method is therefore atomic by itself, also where a runner does not serialise them.
 */
final class UnitTracker extends RestrictionTracker<OffsetRange, Long> implements RestrictionTracker.HasProgress {
    private final String stream;
    private OffsetRange range;

    /** Whether splits have to wait until the reading has stopped by itself. */
    private final boolean splitsOnceStopped;

    /** The unit asked for last, granted or not; null before the first. */
    private Long lastAttempted;

    /** The unit that was given back, or that the reading stopped before; null while it goes on. */
    private Long stoppedAt;

    UnitTracker(String stream, OffsetRange range) {
        this(stream, range, false);
    }

    /**
     * A tracker of a range.
     *
     * @param splitsOnceStopped whether it refuses to split before it was told where the reading stopped: a unit that is read in several
     *     bundles must not be taken for done because a split came in its midst
     */
    UnitTracker(String stream, OffsetRange range, boolean splitsOnceStopped) {
        this.stream = requireNonNull(stream, "stream");
        this.range = requireNonNull(range, "range");
        this.splitsOnceStopped = splitsOnceStopped;
    }

    /**
     * What to claim to say that the reading stops and that {@code unit}, which may have been granted, is for the next bundle. The tracker that a
     * DoFn is given has no other method to say so by.
     */
    static long stoppingAt(long unit) {
        return -1 - unit;
    }

    @Override
    public synchronized boolean tryClaim(Long unit) {
        if (unit < 0) {
            stoppedAt = -1 - unit;
            return true;
        }
        if (unit < range.getFrom() || (lastAttempted != null && unit <= lastAttempted)) {
            throw new IllegalArgumentException("Unit " + unit + " of stream " + stream + " was claimed in " + range
                    + (lastAttempted == null ? "" : " after unit " + lastAttempted)
                    + "; units are claimed once and in ascending order.");
        }
        lastAttempted = unit;
        return unit < range.getTo();
    }

    @Override
    public synchronized OffsetRange currentRestriction() {
        return range;
    }

    /**
     * Gives away the end of the range: {@code fraction} of what lies between the current unit and the end is kept, and the current unit
     * always is.
     */
    @Override
    public synchronized SplitResult<OffsetRange> trySplit(double fraction) {
        if (stoppedAt != null) {
            return splitAt(stoppedAt);
        }
        if (splitsOnceStopped) {
            return null;
        }
        long current = lastAttempted == null ? range.getFrom() : lastAttempted;
        long firstOpen = lastAttempted == null ? range.getFrom() : lastAttempted + 1;
        long split = Math.max(firstOpen, current + (long) ((range.getTo() - current) * fraction));
        return splitAt(split);
    }

    private SplitResult<OffsetRange> splitAt(long split) {
        if (split >= range.getTo()) {
            return null;
        }
        OffsetRange residual = new OffsetRange(split, range.getTo());
        range = new OffsetRange(range.getFrom(), split);
        return SplitResult.of(range, residual);
    }

    @Override
    public synchronized Progress getProgress() {
        long units = range.getTo() - range.getFrom();
        // The unit in the works counts as open: it is done when the next one is asked for.
        long done = lastAttempted == null ? 0 : Math.min(units, lastAttempted - range.getFrom());
        return Progress.from(done, units - done);
    }

    @Override
    public synchronized void checkDone() {
        boolean allAttempted = lastAttempted != null && lastAttempted >= range.getTo() - 1;
        if (range.getFrom() < range.getTo() && !allAttempted) {
            throw new IllegalStateException("The read of stream " + stream + " ended "
                    + (lastAttempted == null ? "before it claimed a unit" : "after unit " + lastAttempted) + " of "
                    + range + ": units would be lost.");
        }
    }

    @Override
    public IsBounded isBounded() {
        return IsBounded.BOUNDED;
    }

    @Override
    public synchronized String toString() {
        return "UnitTracker of stream " + stream + " over " + range
                + (lastAttempted == null ? "" : ", at unit " + lastAttempted);
    }
}
