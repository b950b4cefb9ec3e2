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

    private InitialSplits() {}

    /** At most {@code max} pieces of at least four units, as even as whole units allow, in ascending order, and never none. */
    static List<OffsetRange> of(OffsetRange range, int max) {
        long units = range.getTo() - range.getFrom();
        long pieces = Math.max(1, Math.min(max, units / MIN_UNITS));
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
