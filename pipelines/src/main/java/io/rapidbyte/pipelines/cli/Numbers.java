// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import java.time.Duration;
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

    /** {@code 12.3}: where nobody looks at milliseconds. */
    static String tenths(double seconds) {
        return String.format(Locale.ROOT, "%,.1f", seconds);
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

    /** {@code 0:07}, {@code 12:30}, {@code 1:02:03}. */
    public static String clock(Duration duration) {
        return duration.toHours() > 0
                ? String.format(
                        Locale.ROOT,
                        "%d:%02d:%02d",
                        duration.toHours(),
                        duration.toMinutesPart(),
                        duration.toSecondsPart())
                : String.format(Locale.ROOT, "%d:%02d", duration.toMinutes(), duration.toSecondsPart());
    }

    /** A text, or as much of it as fits in so many columns with an ellipsis at its end. */
    static String shortened(String text, int width) {
        if (TextTable.width(text) <= width) {
            return text;
        }
        if (width <= 0) {
            return "";
        }
        int end = text.length();
        do {
            end = text.offsetByCodePoints(end, -1);
        } while (TextTable.width(text.substring(0, end)) > width - 1);
        return text.substring(0, end) + "…";
    }

    /** A text without characters that would move a terminal's cursor; names and messages come from anywhere. */
    static String printable(String text) {
        return text.codePoints()
                .map(character -> Character.isISOControl(character) ? '?' : character)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
