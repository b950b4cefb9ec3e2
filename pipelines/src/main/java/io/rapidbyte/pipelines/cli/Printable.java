// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import java.util.function.IntPredicate;

/**
 * The way of text that others wrote to a terminal: what would drive the terminal, or change how the text around it reads, is escaped, and
 * what is longer than a person reads is cut. Manifests, names of tables and servers' messages come from strangers.
 */
final class Printable {
    /** More than any sentence that is meant to be read. */
    private static final int LONGEST_SENTENCE = 4_000;

    private Printable() {}

    /** One line: line ends become blanks; for sentences. */
    static String sentence(String text) {
        return line(text, LONGEST_SENTENCE);
    }

    /**
     * One line of at most so many characters; a longer one says that it was cut.
     *
     * @param most characters that people see, at least 1
     */
    static String line(String text, int most) {
        StringBuilder line = new StringBuilder(Math.min(text.length(), most) + 16);
        int shown = 0;
        for (int i = 0; i < text.length(); shown++) {
            int c = text.codePointAt(i);
            if (shown == most) {
                return line.append(" ... (cut)").toString();
            }
            if (c == '\n' || c == '\r' || c == '\t') {
                line.append(' ');
            } else if (isDangerous(c)) {
                escape(line, c);
            } else {
                line.appendCodePoint(c);
            }
            i += Character.charCount(c);
        }
        return line.toString();
    }

    /** JSON as it was, with what is dangerous in its texts escaped; beside them it holds nothing of the kind. */
    static String json(String json) {
        IntPredicate dangerous = c -> c != '\n' && c != '\r' && isDangerous(c);
        if (json.codePoints().noneMatch(dangerous)) {
            return json;
        }
        StringBuilder clean = new StringBuilder(json.length() + 64);
        json.codePoints().forEach(c -> {
            if (dangerous.test(c)) {
                for (char unit : Character.toChars(c)) {
                    clean.append("\\u%04x".formatted((int) unit));
                }
            } else {
                clean.appendCodePoint(c);
            }
        });
        return clean.toString();
    }

    /** Control characters, and those that turn, hide or break what stands around them. */
    private static boolean isDangerous(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED -> true;
            default -> false;
        };
    }

    private static void escape(StringBuilder line, int c) {
        line.append(c > 0xFFFF ? "\\u{%x}".formatted(c) : "\\u%04x".formatted(c));
    }
}
