// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A table for people: columns as wide as their widest cell, text to the left, numbers to the right. */
public final class TextTable {
    /** On which side of its column a cell stands. */
    public enum Side {
        LEFT,
        RIGHT
    }

    /** A name that strangers chose can be of any length, and would push all others from the screen. */
    private static final int WIDEST_CELL = 500;

    /** Sentences in a column that is narrower are hard to read. */
    private static final int NARROWEST_SENTENCE = 30;

    private static final String GAP = "  ";

    private final List<Side> sides = new ArrayList<>();
    private final List<List<String>> rows = new ArrayList<>();
    private final List<Integer> rules = new ArrayList<>();

    /** Starts a table with its headings, which stand where the cells below them stand. */
    public static TextTable of(List<Side> sides, String... headings) {
        TextTable table = new TextTable();
        table.sides.addAll(sides);
        table.add(headings);
        table.rule();
        return table;
    }

    /**
     * Adds a row. What would drive a terminal is escaped in it.
     *
     * @throws IllegalArgumentException when it has not a cell for each column
     */
    public void add(String... cells) {
        if (cells.length != sides.size()) {
            throw new IllegalArgumentException("a row of " + cells.length + " cells in a table of " + sides.size());
        }
        rows.add(Arrays.stream(cells)
                .map(cell -> Printable.line(cell, WIDEST_CELL))
                .toList());
    }

    /** Draws a line below the last row. */
    public void rule() {
        rules.add(rows.size());
    }

    /** Returns the lines, without blanks at their ends. */
    public List<String> lines() {
        return lines(Integer.MAX_VALUE);
    }

    /**
     * Returns the lines of a table of two columns or more whose last one is of sentences: these are broken between words, so that no line is
     * longer than {@code columns} for another reason than that a single word or name is. A name beside them that takes the room they need has
     * a line of its own.
     */
    public List<String> lines(int columns) {
        int[] widths = widths(columns);
        int last = widths.length - 1;
        List<String> lines = new ArrayList<>();
        for (int r = 0; r < rows.size(); r++) {
            List<String> cells = new ArrayList<>(rows.get(r));
            for (String part : lastCell(cells, widths)) {
                cells.set(last, part);
                lines.add(line(cells, widths));
                cells.replaceAll(cell -> "");
            }
            if (rules.contains(r + 1)) {
                lines.add("-".repeat(Arrays.stream(widths).sum() + GAP.length() * last));
            }
        }
        return lines;
    }

    /** The lines of a row's last cell. The first is empty when the name beside it takes its room. */
    private static List<String> lastCell(List<String> cells, int[] widths) {
        int last = widths.length - 1;
        String cell = cells.get(last);
        List<String> lines = new ArrayList<>();
        if (last > 0 && width(cells.get(last - 1)) > widths[last - 1] && !cell.isEmpty()) {
            lines.add("");
        }
        // What fits stays as it is, with all its blanks.
        lines.addAll(width(cell) <= widths[last] ? List.of(cell) : Sentences.wrapped(cell, widths[last]));
        return lines;
    }

    private int[] widths(int columns) {
        int[] widths = new int[sides.size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], width(row.get(i)));
            }
        }
        int last = widths.length - 1;
        int excess = Arrays.stream(widths).sum() + GAP.length() * last - columns;
        int fromSentences = Math.min(excess, widths[last] - NARROWEST_SENTENCE);
        if (fromSentences > 0) {
            widths[last] -= fromSentences;
            int heading = width(rows.get(0).get(last - 1));
            widths[last - 1] = Math.max(heading, widths[last - 1] - (excess - fromSentences));
        }
        return widths;
    }

    private String line(List<String> cells, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String cell = cells.get(i);
            String padding = " ".repeat(Math.max(0, widths[i] - width(cell)));
            line.append(i == 0 ? "" : GAP).append(sides.get(i) == Side.LEFT ? cell + padding : padding + cell);
        }
        return line.toString().stripTrailing();
    }

    /** Columns that a text takes on a terminal, where East Asian characters and pictures are two wide. */
    static int width(String text) {
        return text.codePoints().map(TextTable::width).sum();
    }

    private static int width(int character) {
        int type = Character.getType(character);
        if (type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK || type == Character.FORMAT) {
            return 0;
        }
        boolean wide = switch (Character.UnicodeScript.of(character)) {
            case HAN, HIRAGANA, KATAKANA, HANGUL, BOPOMOFO, YI -> true;
            default -> isFullWidth(character) || isPicture(character);
        };
        return wide ? 2 : 1;
    }

    private static boolean isFullWidth(int character) {
        return character >= 0x3000 && character <= 0x303E || character >= 0xFF01 && character <= 0xFF60;
    }

    private static boolean isPicture(int character) {
        return character >= 0x1F300 && character <= 0x1FAFF;
    }
}
