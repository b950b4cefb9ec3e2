// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An amount of memory or data as people write it: {@code 64mb}, {@code 1.5 GiB}, {@code 4096}. Units are powers of 1024
 * with or without the {@code i}, as in the database's own settings; a number alone is bytes.
 *
 * @param bytes how many, never negative
 */
public record ByteSize(long bytes) {
    private static final Pattern FORM =
            Pattern.compile("\\s*(\\d{1,18}(?:\\.\\d{1,9})?)\\s*(b|[kmgt](?:i?b)?)?\\s*", Pattern.CASE_INSENSITIVE);
    private static final String UNITS = "bkmgt";

    public ByteSize {
        if (bytes < 0) {
            throw new IllegalArgumentException("a size in bytes cannot be negative: " + bytes);
        }
    }

    /**
     * Reads a size.
     *
     * @throws IllegalArgumentException when the text is no size, or one above 8 EiB; the message is a sentence for people
     */
    public static ByteSize parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("expected a size such as 64mb, 1.5gb or 4096, found '" + text + "'");
        }
        String unit = matcher.group(2) == null ? "b" : matcher.group(2).toLowerCase(Locale.ROOT);
        BigDecimal factor = BigDecimal.valueOf(1024).pow(UNITS.indexOf(unit.charAt(0)));
        BigDecimal bytes = new BigDecimal(matcher.group(1)).multiply(factor).setScale(0, RoundingMode.HALF_UP);
        if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw new IllegalArgumentException("the size '" + text + "' is larger than anything can hold");
        }
        return new ByteSize(bytes.longValueExact());
    }

    /** Whether the text has the form of a size, even of one that is too large for anything. */
    static boolean isSize(String text) {
        return FORM.matcher(text).matches();
    }

    @JsonCreator
    static ByteSize fromJson(Object value) {
        return value instanceof Number number ? new ByteSize(number.longValue()) : parse(String.valueOf(value));
    }

    /** Returns the shortest exact form, for example {@code 64mb}. */
    @Override
    @JsonValue
    public String toString() {
        long amount = bytes;
        int unit = 0;
        while (amount != 0 && amount % 1024 == 0 && unit < UNITS.length() - 1) {
            amount /= 1024;
            unit++;
        }
        return unit == 0 ? amount + "b" : amount + UNITS.substring(unit, unit + 1) + "b";
    }
}
