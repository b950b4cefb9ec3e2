// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;

/**
 * Standard error when it is a terminal. At its end stand lines that are drawn over and over; whatever anybody prints meanwhile, loggers
 * included, goes above them, line by line, and stays.
 *
 * <p>It knows four control sequences, those that every terminal of the last forty years has: up some lines, to the left, erase to the end of
 * the line, erase to the end of the screen. The cursor rests below the drawn lines, so that a process that is killed leaves a prompt on a
 * line of its own. There are no colours.
 */
final class Terminal extends PrintStream {
    private final Screen screen;

    /** Columns and rows of a terminal, both at least 1. */
    record Size(int columns, int rows) {}

    /**
     * Takes a terminal over.
     *
     * @param terminal what writes to it, in UTF-8
     * @param size asked before anything is drawn, since windows change
     */
    static Terminal on(OutputStream terminal, Supplier<Size> size) {
        return new Terminal(new Screen(terminal, size));
    }

    private Terminal(Screen screen) {
        super(screen, true, StandardCharsets.UTF_8);
        this.screen = screen;
    }

    Size size() {
        return screen.size.get();
    }

    /** Draws these lines in place of those drawn before; each has to be shorter than the terminal is wide, and all together lower. */
    synchronized void draw(List<String> lines) {
        // Under the lock that printing a line takes, so that nothing comes between a line and its end.
        screen.draw(lines);
    }

    /** Takes the drawn lines away. */
    synchronized void erase() {
        screen.draw(List.of());
    }

    private static final class Screen extends OutputStream {
        private static final String ERASE_LINE = "\u001b[K";
        private static final String ERASE_BELOW = "\u001b[J";

        private final OutputStream terminal;
        private final Supplier<Size> size;
        /** A line that somebody has begun to print while lines are drawn. */
        private final ByteArrayOutputStream begun = new ByteArrayOutputStream();

        private List<String> drawn = List.of();
        private boolean atLineStart = true;

        Screen(OutputStream terminal, Supplier<Size> size) {
            this.terminal = terminal;
            this.size = size;
        }

        @Override
        public void write(int octet) throws IOException {
            write(new byte[] {(byte) octet}, 0, 1);
        }

        @Override
        public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
            if (length == 0) {
                return;
            }
            if (drawn.isEmpty()) {
                terminal.write(bytes, offset, length);
                atLineStart = bytes[offset + length - 1] == '\n';
                return;
            }
            int end = offset + length;
            while (end > offset && bytes[end - 1] != '\n') {
                end--;
            }
            begun.write(bytes, offset, end - offset);
            if (end > offset) {
                byte[] lines = begun.toByteArray();
                begun.reset();
                redraw(lines, drawn);
            }
            begun.write(bytes, end, offset + length - end);
        }

        @Override
        public synchronized void flush() throws IOException {
            terminal.flush();
        }

        synchronized void draw(List<String> lines) {
            try {
                if (lines.isEmpty()) {
                    byte[] rest = begun.toByteArray();
                    begun.reset();
                    if (!drawn.isEmpty()) {
                        redraw(new byte[0], lines);
                    }
                    write(rest, 0, rest.length);
                } else {
                    if (!atLineStart) {
                        write(new byte[] {'\n'}, 0, 1);
                    }
                    redraw(new byte[0], lines);
                }
                terminal.flush();
            } catch (IOException e) {
                throw new UncheckedIOException("the terminal cannot be written to", e);
            }
        }

        /** Everything in one piece, so that no half of it is ever seen. */
        private void redraw(byte[] above, List<String> lines) throws IOException {
            ByteArrayOutputStream frame = new ByteArrayOutputStream();
            int up = rows(drawn);
            if (up > 0) {
                frame.writeBytes(("\r\u001b[" + up + "A").getBytes(StandardCharsets.US_ASCII));
            }
            StringBuilder text = new StringBuilder();
            if (above.length > 0) {
                // Erased before and not after: a line as wide as the terminal leaves the cursor on its last character.
                frame.writeBytes(ERASE_BELOW.getBytes(StandardCharsets.US_ASCII));
                frame.writeBytes(above);
            }
            for (String line : lines) {
                text.append(line).append(ERASE_LINE).append('\n');
            }
            if (up > 0) {
                text.append(ERASE_BELOW);
            }
            frame.writeBytes(text.toString().getBytes(StandardCharsets.UTF_8));
            terminal.write(frame.toByteArray());
            terminal.flush();
            drawn = List.copyOf(lines);
        }

        /** How many rows lines take now: terminals break them anew when a window becomes narrower. */
        private int rows(List<String> lines) {
            if (lines.isEmpty()) {
                return 0;
            }
            int columns = size.get().columns();
            int rows = 0;
            for (String line : lines) {
                rows += Math.max(1, (TextTable.width(line) + columns - 1) / columns);
            }
            return rows;
        }
    }
}
