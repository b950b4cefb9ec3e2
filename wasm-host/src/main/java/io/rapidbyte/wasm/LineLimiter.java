// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.util.concurrent.TimeUnit;

/** Lets so many lines and bytes a second pass, with a burst, and counts what it drops. One thread uses it. */
final class LineLimiter {
    private static final int LINES_PER_SECOND = 100;
    private static final int BURST_LINES = 1_000;
    private static final int BYTES_PER_SECOND = 64 << 10;
    private static final int BURST_BYTES = 1 << 20;
    private static final double SECOND = TimeUnit.SECONDS.toNanos(1);

    private double lines = BURST_LINES;
    private double bytes = BURST_BYTES;
    private long last;
    private long dropped;

    LineLimiter(long now) {
        last = now;
    }

    /** Whether a line may pass at a time of {@link System#nanoTime()}. */
    boolean admit(int size, long now) {
        double seconds = (now - last) / SECOND;
        last = now;
        lines = Math.min(BURST_LINES, lines + seconds * LINES_PER_SECOND);
        bytes = Math.min(BURST_BYTES, bytes + seconds * BYTES_PER_SECOND);
        if (lines < 1 || bytes < size) {
            dropped++;
            return false;
        }
        lines--;
        bytes -= size;
        return true;
    }

    /** How many lines were dropped since this was last asked. */
    long takeDropped() {
        long count = dropped;
        dropped = 0;
        return count;
    }
}
