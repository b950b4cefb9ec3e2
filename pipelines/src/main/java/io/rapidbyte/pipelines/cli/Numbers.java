// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import java.util.Locale;

/** Numbers as people read them, the same in every locale. */
public final class Numbers {
    private Numbers() {}

    /** {@code 1,000,000}. */
    public static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** {@code 12.340}: to the millisecond, so that the points of a column stand below each other. */
    public static String seconds(double seconds) {
        return String.format(Locale.ROOT, "%,.3f", seconds);
    }

    /** Decimal megabytes: {@code 104.2}. */
    public static String megabytes(double bytes) {
        double megabytes = bytes / 1e6;
        return String.format(Locale.ROOT, megabytes < 10 ? "%.2f" : "%,.1f", megabytes);
    }

    /** How many a second; {@code -} when no time has passed that could be measured. */
    public static String perSecond(double amount, double seconds) {
        return seconds <= 0 ? "-" : count(Math.round(amount / seconds));
    }

    /** Decimal megabytes a second; {@code -} when no time has passed that could be measured. */
    public static String megabytesPerSecond(double bytes, double seconds) {
        return seconds <= 0 ? "-" : megabytes(bytes / seconds);
    }
}
