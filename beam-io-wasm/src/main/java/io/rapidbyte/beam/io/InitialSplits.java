// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.util.ArrayList;
import java.util.List;
import org.apache.beam.sdk.io.range.OffsetRange;

/**
 * Cuts a range of units into the pieces a runner starts with.
 *
 * <p>Some runners never split again, and give pieces to slots by hash: there many more pieces than slots are needed for an even
 * load. Each piece costs a bundle and its commit, so that small tables stay in few pieces.
 */
final class InitialSplits {
    static final int DEFAULT_MAX = 32;
    private static final long MIN_UNITS = 4;

    /**
     * How many bytes of finished bundles may wait between a source and what follows it, over all splits of a run, on a runner that does not fuse
     * them. Such a runner reads a bundle of every split before the next step sees any, and can have a second one ready before the first is
     * consumed; half of the default heap of a small machine has room for that.
     */
    private static final long WAITING_BYTES = 256L << 20;

    /** Below this a bundle is not worth its transaction. */
    private static final long MIN_BUNDLE_BYTES = 1L << 20;

    /** Rows below this size are many in a batch, and their number is no concern. */
    private static final long WIDE_RECORD_BYTES = 4L << 20;

    /**
     * How often a wide row is in memory for each split that is worked on, at most: twice in the source's memory and once in that of the
     * destination, which both are copied when they grow, and in the batches in between.
     */
    private static final int COPIES_OF_A_WIDE_RECORD = 8;

    private InitialSplits() {}

    /**
     * How many splits of a stream may be worked on at once.
     *
     * @param recordBytes bytes of a row; 0 when not known
     * @param memory bytes of the heap, of which half is for rows
     * @param max the answer for rows that are not wide
     */
    static int maxFor(long recordBytes, long memory, int max) {
        if (recordBytes < WIDE_RECORD_BYTES) {
            return max;
        }
        return (int) Math.max(1, Math.min(max, memory / 2 / (recordBytes * COPIES_OF_A_WIDE_RECORD)));
    }

    /** Into how many pieces this many units are cut, at most {@code max}. */
    static long count(long units, int max) {
        return Math.max(1, Math.min(max, units / MIN_UNITS));
    }

    /** After how many bytes a bundle ends when a run has so many splits over all streams: {@code max}, or less when they are many. */
    static long bundleBytes(long splits, long max) {
        return Math.min(max, Math.max(MIN_BUNDLE_BYTES, WAITING_BYTES / Math.max(1, splits)));
    }

    /** At most {@code max} pieces of at least four units, as even as whole units allow, in ascending order, and never none. */
    static List<OffsetRange> of(OffsetRange range, int max) {
        long units = range.getTo() - range.getFrom();
        long pieces = count(units, max);
        long size = units / pieces;
        long larger = units % pieces;
        List<OffsetRange> splits = new ArrayList<>();
        long from = range.getFrom();
        for (long piece = 0; piece < pieces; piece++) {
            long to = from + size + (piece < larger ? 1 : 0);
            splits.add(new OffsetRange(from, to));
            from = to;
        }
        return splits;
    }
}
