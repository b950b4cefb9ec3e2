// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.closeTo;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.apache.beam.sdk.io.range.OffsetRange;
import org.apache.beam.sdk.transforms.splittabledofn.RestrictionTracker.Progress;
import org.apache.beam.sdk.transforms.splittabledofn.SplitResult;
import org.junit.jupiter.api.Test;

class UnitTrackerTest {
    private static final double[] FRACTIONS = {0, 0.01, 0.25, 0.5, 0.75, 0.99};

    /** Every table of up to ten units, split after every number of claims, at every fraction. */
    @Test
    void aSplitAtEveryPositionLosesAndDoublesNothing() {
        for (long units = 1; units <= 10; units++) {
            for (long claims = 0; claims <= units; claims++) {
                for (double fraction : FRACTIONS) {
                    UnitTracker tracker = tracker(0, units);
                    List<Long> read = new ArrayList<>();
                    for (long unit = 0; unit < claims; unit++) {
                        assertThat(tracker.tryClaim(unit), is(true));
                        read.add(unit);
                    }
                    SplitResult<OffsetRange> split = tracker.trySplit(fraction);
                    readOn(tracker, claims, read);
                    tracker.checkDone();
                    if (split != null) {
                        assertThat(split.getPrimary(), equalTo(tracker.currentRestriction()));
                        readWhole(split.getResidual(), read);
                    }
                    assertThat(
                            units + " units, " + claims + " claims, split at " + fraction, read, equalTo(all(units)));
                }
            }
        }
    }

    /** Any number of splits at random moments of every piece, as a rebalancing runner does them. */
    @Property(tries = 500)
    void anyNumberOfSplitsLosesAndDoublesNothing(@ForAll @IntRange(min = 1, max = 200) int units, @ForAll long seed) {
        Random random = new Random(seed);
        List<OffsetRange> open = new ArrayList<>(List.of(new OffsetRange(0, units)));
        List<Long> read = new ArrayList<>();
        while (!open.isEmpty()) {
            OffsetRange range = open.remove(random.nextInt(open.size()));
            UnitTracker tracker = tracker(range.getFrom(), range.getTo());
            for (long unit = range.getFrom(); unit < range.getTo(); unit++) {
                if (random.nextInt(4) == 0) {
                    SplitResult<OffsetRange> split = tracker.trySplit(random.nextDouble());
                    if (split != null) {
                        open.add(split.getResidual());
                    }
                }
                if (!tracker.tryClaim(unit)) {
                    break;
                }
                read.add(unit);
            }
            tracker.checkDone();
        }
        assertThat(read.stream().sorted().toList(), equalTo(all(units)));
    }

    @Property(tries = 500)
    void progressAddsUpToTheWholeAndOnlyGrows(
            @ForAll @LongRange(min = 0, max = 1L << 40) long from, @ForAll @IntRange(min = 1, max = 50) int units) {
        UnitTracker tracker = tracker(from, from + units);
        double before = -1;
        for (long unit = from; unit <= from + units; unit++) {
            Progress progress = tracker.getProgress();
            assertThat(progress.getWorkCompleted() + progress.getWorkRemaining(), closeTo(units, 1e-6));
            assertThat(before, lessThanOrEqualTo(progress.getWorkCompleted()));
            before = progress.getWorkCompleted();
            tracker.tryClaim(unit);
        }
        assertThat(tracker.getProgress().getWorkRemaining(), closeTo(0, 1e-9));
    }

    @Test
    void aSplitKeepsTheFractionOfWhatIsOpen() {
        UnitTracker tracker = tracker(0, 100);
        tracker.tryClaim(0L);
        assertThat(tracker.trySplit(0.5).getResidual(), equalTo(new OffsetRange(50, 100)));
        assertThat(tracker.trySplit(0.5).getResidual(), equalTo(new OffsetRange(25, 50)));
        assertThat(tracker.trySplit(0).getResidual(), equalTo(new OffsetRange(1, 25)));
        assertThat("nothing but the current unit is left", tracker.trySplit(0), nullValue());
        tracker.checkDone();
    }

    @Test
    void aCheckpointBeforeTheFirstClaimGivesEverythingBack() {
        UnitTracker tracker = tracker(3, 7);
        SplitResult<OffsetRange> split = tracker.trySplit(0);
        assertThat(split.getResidual(), equalTo(new OffsetRange(3, 7)));
        tracker.checkDone();
        assertThat(tracker.tryClaim(3L), is(false));
        tracker.checkDone();
    }

    @Test
    void aDeniedClaimEndsTheRange() {
        UnitTracker tracker = tracker(0, 2);
        assertThat(tracker.tryClaim(0L), is(true));
        assertThat(tracker.tryClaim(1L), is(true));
        assertThat(tracker.tryClaim(2L), is(false));
        assertThat(tracker.trySplit(0), nullValue());
        tracker.checkDone();
    }

    @Test
    void unitsLeftOverAreAnError() {
        UnitTracker tracker = tracker(0, 3);
        assertThat(
                assertThrows(IllegalStateException.class, tracker::checkDone).getMessage(),
                is("The read of stream orders ended before it claimed a unit of [0, 3): units would be lost."));
        tracker.tryClaim(0L);
        assertThat(
                assertThrows(IllegalStateException.class, tracker::checkDone).getMessage(),
                is("The read of stream orders ended after unit 0 of [0, 3): units would be lost."));
    }

    @Test
    void claimsOutOfOrderAreAnError() {
        UnitTracker tracker = tracker(2, 9);
        assertThrows(IllegalArgumentException.class, () -> tracker.tryClaim(1L));
        tracker.tryClaim(4L);
        for (long unit : new long[] {4, 3}) {
            assertThat(
                    assertThrows(IllegalArgumentException.class, () -> tracker.tryClaim(unit))
                            .getMessage(),
                    containsString("units are claimed once and in ascending order"));
        }
    }

    @Property(tries = 300)
    void initialSplitsCoverTheRangeEvenly(
            @ForAll @LongRange(min = 0, max = 1000) long from,
            @ForAll @LongRange(min = 1, max = 100_000) long units,
            @ForAll @IntRange(min = 1, max = 64) int max) {
        List<OffsetRange> splits = InitialSplits.of(new OffsetRange(from, from + units), max);
        assertThat(splits.size(), lessThanOrEqualTo(max));
        long next = from;
        long smallest = Long.MAX_VALUE;
        long largest = 0;
        for (OffsetRange split : splits) {
            assertThat(split.getFrom(), is(next));
            next = split.getTo();
            smallest = Math.min(smallest, split.getTo() - split.getFrom());
            largest = Math.max(largest, split.getTo() - split.getFrom());
        }
        assertThat(next, is(from + units));
        assertThat(largest - smallest, lessThanOrEqualTo(1L));
        assertThat(smallest, is(splits.size() == 1 ? units : Math.max(4, smallest)));
    }

    /** A runner may hold a bundle of every split, of every stream. */
    @Test
    void bundlesShrinkWhenTheSplitsOfARunAreMany() {
        assertThat(InitialSplits.bundleBytes(1, 8 << 20), is(8L << 20));
        assertThat(InitialSplits.bundleBytes(32, 8 << 20), is(8L << 20));
        assertThat(InitialSplits.bundleBytes(64, 8 << 20), is(4L << 20));
        assertThat("but never below one MiB", InitialSplits.bundleBytes(10_000, 8 << 20), is(1L << 20));
        assertThat("unless asked for", InitialSplits.bundleBytes(10_000, 5), is(5L));
    }

    /** In a heap of 1 GiB there is room for one split at a time of rows of 50 MB, and none of rows that are larger still is turned away. */
    @Test
    void wideRowsAreReadInFewerSplits() {
        long heap = 1L << 30;
        assertThat(InitialSplits.maxFor(0, heap, 32), is(32));
        assertThat(InitialSplits.maxFor(4 << 20, heap, 32), is(16));
        assertThat(InitialSplits.maxFor(50 << 20, heap, 32), is(1));
        assertThat(InitialSplits.maxFor(1L << 30, heap, 32), is(1));
        assertThat(InitialSplits.maxFor(50 << 20, 8 * heap, 32), is(10));
    }

    @Test
    void aUnitThatWasGivenBackIsForTheNextBundle() {
        UnitTracker tracker = new UnitTracker("orders", new OffsetRange(3, 5), true);
        assertThat(tracker.tryClaim(3L), is(true));
        assertThat(tracker.trySplit(0), is(nullValue()));
        assertThat(tracker.tryClaim(4L), is(true));
        assertThat(tracker.tryClaim(UnitTracker.stoppingAt(4)), is(true));
        SplitResult<OffsetRange> split = tracker.trySplit(0);
        assertThat(split.getPrimary(), is(new OffsetRange(3, 4)));
        assertThat(split.getResidual(), is(new OffsetRange(4, 5)));
        tracker.checkDone();
    }

    private static UnitTracker tracker(long from, long to) {
        return new UnitTracker("orders", new OffsetRange(from, to));
    }

    private static void readWhole(OffsetRange range, List<Long> read) {
        UnitTracker tracker = tracker(range.getFrom(), range.getTo());
        readOn(tracker, range.getFrom(), read);
        tracker.checkDone();
    }

    private static void readOn(UnitTracker tracker, long firstUnit, List<Long> read) {
        for (long unit = firstUnit; tracker.tryClaim(unit); unit++) {
            read.add(unit);
        }
    }

    private static List<Long> all(long units) {
        return LongStream.range(0, units).boxed().toList();
    }
}
