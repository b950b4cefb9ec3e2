// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static java.util.Objects.requireNonNull;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Where a command writes to.
 *
 * @param out standard output: results
 * @param err standard error: progress, logs and errors
 * @param width columns of the terminal that standard error is, or 0 when it is none
 * @param isStyled whether standard output is a terminal too, on which bold letters can be shown
 */
public record Console(PrintStream out, PrintStream err, int width, boolean isStyled) {
    /** The width of a terminal that does not tell. */
    private static final int USUAL_WIDTH = 100;

    /** The width of what is written into files and pipes. */
    private static final int PAGE_WIDTH = 80;

    public Console {
        requireNonNull(out, "out");
        requireNonNull(err, "err");
    }

    /** One whose standard output is no terminal. */
    public Console(PrintStream out, PrintStream err, int width) {
        this(out, err, width, false);
    }

    /**
     * The console of this process. Whether standard error is a terminal is told by the launcher in the system property
     * {@code rapidbyte.terminal} (its columns, or 0), and of standard output in {@code rapidbyte.styled}, because no API of all supported
     * Java versions tells.
     */
    public static Console ofProcess() {
        String columns = System.getProperty("rapidbyte.terminal", "0");
        int width = columns.matches("\\d{1,4}") ? Integer.parseInt(columns) : columns.isEmpty() ? USUAL_WIDTH : 0;
        // Such a terminal cannot be drawn on.
        width = "dumb".equals(System.getenv("TERM")) ? 0 : width;
        boolean styled = Boolean.getBoolean("rapidbyte.styled");
        PrintStream out = utf8(FileDescriptor.out);
        return width == 0
                ? new Console(out, utf8(FileDescriptor.err), 0, styled)
                : new Console(
                        out,
                        Terminal.on(new FileOutputStream(FileDescriptor.err), new TerminalSize(width)),
                        width,
                        styled);
    }

    /** In UTF-8 whatever the locale: JSON is, and so are the terminals of today. */
    private static PrintStream utf8(FileDescriptor descriptor) {
        return new PrintStream(
                new BufferedOutputStream(new FileOutputStream(descriptor)), true, StandardCharsets.UTF_8);
    }

    /** How many columns a line of standard output takes without being broken: the terminal's, or those of a page elsewhere. */
    public int columns() {
        if (!isStyled || width == 0) {
            return PAGE_WIDTH;
        }
        return err instanceof Terminal terminal ? terminal.size().columns() : width;
    }

    /** Whether standard error is a terminal, on which a line can be drawn over. */
    public boolean isTerminal() {
        return width > 0;
    }
}
