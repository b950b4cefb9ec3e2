// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static io.rapidbyte.wasm.HostFunctions.type;

import org.slf4j.event.Level;

/** {@code log}: one line of text. */
final class LogImports {
    private LogImports() {}

    static void addTo(HostFunctions functions, GuestMemory memory, GuestLines lines) {
        functions.add("log", type("iii", ""), HostFunctions.ALWAYS, HostFunctions.Progress.NEVER, arguments -> {
            log(memory, lines, (int) arguments[0], arguments[1], arguments[2] & 0xFFFF_FFFFL);
            return 0;
        });
    }

    private static void log(GuestMemory memory, GuestLines lines, int levelNumber, long pointer, long length)
            throws ImportFailure {
        Level level = GuestLines.level(levelNumber);
        if (level == null) {
            throw ImportFailure.badArgument("log has no level " + levelNumber);
        }
        memory.requireRange(pointer, length);
        long taken = Math.min(length, lines.interestingBytes());
        lines.line(level, memory.read(pointer, taken), taken < length);
    }
}
