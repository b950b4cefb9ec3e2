// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.OutputStream;
import org.slf4j.event.Level;

/** Standard output or error of a guest: each line becomes a line of the log. Holds no more than one line's worth. */
final class LineStream extends OutputStream {
    private final GuestLines lines;
    private final Level level;
    private final byte[] line;
    private int length;
    private boolean cut;

    LineStream(GuestLines lines, Level level) {
        this.lines = lines;
        this.level = level;
        this.line = new byte[lines.interestingBytes()];
    }

    @Override
    public void write(int value) {
        if (value == '\n') {
            flushLine();
        } else if (length < line.length) {
            line[length++] = (byte) value;
        } else {
            cut = true;
        }
    }

    @Override
    public void write(byte[] bytes, int offset, int count) {
        for (int i = 0; i < count; i++) {
            write(bytes[offset + i]);
        }
    }

    private void flushLine() {
        lines.line(level, java.util.Arrays.copyOf(line, length), cut);
        length = 0;
        cut = false;
    }
}
