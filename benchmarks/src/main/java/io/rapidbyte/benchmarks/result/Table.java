// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.result;

import io.rapidbyte.pipelines.cli.TextTable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** A table that can be written as Markdown and as text. Its first columns are words and stand to the left, the others are numbers. */
public final class Table {
    private final int words;
    private final List<String> headings;
    private final List<List<String>> rows = new ArrayList<>();

    /**
     * Starts a table.
     *
     * @param words how many of the first columns are words
     * @param headings of all columns
     */
    public Table(int words, String... headings) {
        this.words = words;
        this.headings = List.of(headings);
    }

    /**
     * Adds a row.
     *
     * @throws IllegalArgumentException when it has not a cell for each heading
     */
    public void add(String... cells) {
        if (cells.length != headings.size()) {
            throw new IllegalArgumentException(
                    "a row of " + cells.length + " cells in a table of " + headings.size() + " columns");
        }
        rows.add(List.of(cells));
    }

    /** The table as Markdown has it, one line for each row, each with its end. */
    public String markdown() {
        StringBuilder lines = new StringBuilder(line(headings));
        for (int column = 0; column < headings.size(); column++) {
            lines.append(column < words ? "| --- " : "| ---: ");
        }
        lines.append("|\n");
        rows.forEach(row -> lines.append(line(row)));
        return lines.toString();
    }

    /** The table for a terminal, one line for each row, each with its end. */
    public String text() {
        List<TextTable.Side> sides = new ArrayList<>();
        for (int column = 0; column < headings.size(); column++) {
            sides.add(column < words ? TextTable.Side.LEFT : TextTable.Side.RIGHT);
        }
        TextTable table = TextTable.of(sides, headings.toArray(String[]::new));
        rows.forEach(row -> table.add(row.toArray(String[]::new)));
        return table.lines().stream().map(line -> line + "\n").collect(Collectors.joining());
    }

    private static String line(List<String> cells) {
        return cells.stream().map(Table::cell).collect(Collectors.joining(" | ", "| ", " |\n"));
    }

    /** What would end the cell, or be read as HTML, is escaped. */
    private static String cell(String text) {
        return text.replace("\\", "\\\\")
                .replace("|", "\\|")
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                .replaceAll("\\R", " ");
    }
}
