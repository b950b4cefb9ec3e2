// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.nio.charset.StandardCharsets;
import org.slf4j.event.Level;

/**
 * The way of a guest's line to the log: secrets masked, control characters escaped (a line must not be able to look like two, or
 * to drive a terminal), cut at 8 KiB, and limited in number. Remembers the last error for the record of a trap.
 */
final class GuestLines {
    static final int MAX_LINE_BYTES = 8 << 10;

    private static final Level[] LEVELS = {Level.ERROR, Level.WARN, Level.INFO, Level.DEBUG, Level.TRACE};

    private final GuestLog log;
    private final Secrets secrets;
    private final LineLimiter limiter = new LineLimiter(System.nanoTime());
    private String lastError;

    GuestLines(GuestLog log, Secrets secrets) {
        this.log = log;
        this.secrets = secrets;
    }

    /** How many bytes of a line are worth taking over: none beyond that can matter. */
    int interestingBytes() {
        return MAX_LINE_BYTES + 4 * secrets.longest();
    }

    /** The number of the most verbose level that is worth sending, as {@code rb_open} tells the guest. */
    int threshold() {
        return number(log.threshold());
    }

    /** The level with a number; null for numbers that have none. */
    static Level level(int number) {
        return number >= 1 && number <= LEVELS.length ? LEVELS[number - 1] : null;
    }

    void line(Level level, byte[] utf8, boolean cut) {
        String clean = clean(new String(utf8, StandardCharsets.UTF_8), cut);
        if (level == Level.ERROR) {
            lastError = clean;
        }
        if (level.toInt() < log.threshold().toInt()) {
            return;
        }
        if (limiter.admit(clean.length(), System.nanoTime())) {
            StackHeadroom.require();
            reportDropped();
            log.line(level, clean);
        }
    }

    /** Says how many lines were dropped, if any were. */
    void reportDropped() {
        long dropped = limiter.takeDropped();
        if (dropped > 0) {
            log.line(
                    Level.WARN,
                    dropped + " log lines of the connector were dropped: it logs more than the host keeps.");
        }
    }

    /** The last line of level error since this was last asked; null when there was none. */
    String takeLastError() {
        String line = lastError;
        lastError = null;
        return line;
    }

    private String clean(String text, boolean alreadyCut) {
        String masked = secrets.mask(text);
        StringBuilder line = new StringBuilder(Math.min(masked.length(), MAX_LINE_BYTES) + 16);
        boolean cut = alreadyCut;
        for (int i = 0; i < masked.length(); i++) {
            if (line.length() >= MAX_LINE_BYTES) {
                cut = true;
                break;
            }
            append(line, masked.charAt(i));
        }
        if (cut) {
            line.append(" … (cut)");
        }
        return line.toString();
    }

    private static void append(StringBuilder line, char c) {
        switch (c) {
            case '\n' -> line.append("\\n");
            case '\r' -> line.append("\\r");
            case '\t' -> line.append("\\t");
            default -> {
                // Line separators and direction overrides change what a reader sees as well.
                int type = Character.getType(c);
                if (Character.isISOControl(c)
                        || type == Character.LINE_SEPARATOR
                        || type == Character.PARAGRAPH_SEPARATOR
                        || type == Character.FORMAT) {
                    line.append(String.format("\\u%04x", (int) c));
                } else {
                    line.append(c);
                }
            }
        }
    }

    private static int number(Level level) {
        for (int i = 0; i < LEVELS.length; i++) {
            if (LEVELS[i] == level) {
                return i + 1;
            }
        }
        return LEVELS.length;
    }
}
