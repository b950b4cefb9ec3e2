// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is seen on a terminal of a given size, from the bytes that were written to it: as much of a terminal as the display needs, with lines that
 * wrap, a screen that scrolls, and a cursor that does not leave it. It fails on a control sequence that it does not know.
 */
final class TerminalScreen extends OutputStream {
    private static final Pattern UP = Pattern.compile("\\[(\\d+)A.*", Pattern.DOTALL);

    private final int columns;
    private final int rows;
    /** All that was ever shown, the screen being the last lines of it. */
    private final List<StringBuilder> lines = new ArrayList<>(List.of(new StringBuilder()));

    private int row;
    private int column;
    private int frames;

    TerminalScreen(int columns, int rows) {
        this.columns = columns;
        this.rows = rows;
    }

    @Override
    public synchronized void write(int octet) {
        write(new byte[] {(byte) octet}, 0, 1);
    }

    @Override
    public synchronized void write(byte[] data, int offset, int length) {
        frames++;
        show(StandardCharsets.UTF_8
                .decode(ByteBuffer.wrap(data, offset, length))
                .toString());
    }

    /** How often something was written. */
    int frames() {
        return frames;
    }

    /** Everything that is to be seen, with what has scrolled away, without blanks at the ends and empty lines at the bottom. */
    List<String> lines() {
        List<String> seen = new ArrayList<>();
        lines.forEach(line -> seen.add(line.toString().stripTrailing()));
        while (!seen.isEmpty() && seen.get(seen.size() - 1).isEmpty()) {
            seen.remove(seen.size() - 1);
        }
        return seen;
    }

    private void show(String text) {
        for (int i = 0; i < text.length(); i++) {
            char character = text.charAt(i);
            switch (character) {
                case '\n' -> newLine();
                case '\r' -> column = 0;
                case '\u001b' -> i += control(text.substring(i + 1));
                default -> put(character);
            }
        }
    }

    private int control(String sequence) {
        Matcher up = UP.matcher(sequence);
        if (up.matches()) {
            int top = Math.max(0, lines.size() - rows);
            row = Math.max(top, row - Integer.parseInt(up.group(1)));
            return up.group(1).length() + 2;
        }
        if (sequence.startsWith("[K")) {
            // A terminal whose line is full has its cursor on the last character, and erases that.
            eraseLine(Math.min(column, columns - 1));
            return 2;
        }
        if (sequence.startsWith("[J")) {
            eraseLine(Math.min(column, columns - 1));
            for (int below = row + 1; below < lines.size(); below++) {
                lines.get(below).setLength(0);
            }
            return 2;
        }
        throw new AssertionError("a control sequence that not every terminal knows: " + sequence);
    }

    private void eraseLine(int from) {
        StringBuilder line = lines.get(row);
        line.setLength(Math.min(line.length(), from));
    }

    private void put(char character) {
        if (column == columns) {
            newLine();
        }
        StringBuilder line = lines.get(row);
        while (line.length() <= column) {
            line.append(' ');
        }
        line.setCharAt(column++, character);
    }

    private void newLine() {
        row++;
        column = 0;
        if (row == lines.size()) {
            lines.add(new StringBuilder());
        }
    }
}
