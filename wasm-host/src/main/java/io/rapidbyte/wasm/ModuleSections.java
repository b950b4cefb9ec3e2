// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Walks the sections of a module without decoding them: enough to find a custom section and to notice a truncated file. */
final class ModuleSections {
    private static final byte[] MAGIC = {0, 'a', 's', 'm'};
    private static final byte[] CORE_VERSION = {1, 0, 0, 0};
    private static final String[] NAMES = {
        "custom",
        "type",
        "import",
        "function",
        "table",
        "memory",
        "global",
        "export",
        "start",
        "element",
        "code",
        "data",
        "data count",
        "tag"
    };

    private static final int CODE_SECTION = 10;
    private static final long MAX_LOCALS_OF_FUNCTION = 50_000;
    private static final long MAX_LOCALS = 5_000_000;

    private final String origin;
    private final byte[] wasm;
    private int position;

    private ModuleSections(String origin, byte[] wasm) {
        this.origin = origin;
        this.wasm = wasm;
    }

    /**
     * The contents of the one custom section with a name.
     *
     * @throws ConnectorException of category {@code config} when the module is not complete, or has no or several such sections
     */
    static byte[] customSection(String origin, byte[] wasm, String name) {
        return new ModuleSections(origin, wasm).find(name);
    }

    private byte[] find(String wanted) {
        requireHeader();
        byte[] found = null;
        position = 8;
        while (position < wasm.length) {
            int id = wasm[position++] & 0xFF;
            String section = id < NAMES.length ? NAMES[id] : "number " + id;
            long size = unsignedLeb(section);
            if (size > wasm.length - position) {
                throw truncated(section);
            }
            int end = position + (int) size;
            if (id == 0) {
                long nameLength = unsignedLeb(section);
                if (nameLength > end - position) {
                    throw malformed("a custom section's name ends outside of it");
                }
                String name = new String(wasm, position, (int) nameLength, StandardCharsets.UTF_8);
                position += (int) nameLength;
                if (name.equals(wanted)) {
                    if (found != null) {
                        throw malformed("it has two custom sections named " + wanted);
                    }
                    found = Arrays.copyOfRange(wasm, position, end);
                }
            }
            if (id == CODE_SECTION) {
                boundLocals(end);
            }
            position = end;
        }
        if (found == null) {
            throw ModuleReader.invalid(
                    origin,
                    "no_manifest",
                    origin + " is a WebAssembly module but not a connector: it has no custom section " + wanted,
                    "Build it with the connector SDK.");
        }
        return found;
    }

    /** A few bytes declare thousands of local variables, each of which takes memory as soon as the module is parsed. */
    private void boundLocals(int end) {
        long functions = unsignedLeb("code");
        long inModule = 0;
        for (long i = 0; i < functions && position < end; i++) {
            long size = unsignedLeb("code");
            if (size > end - position) {
                throw malformed("a function ends outside of section code");
            }
            int behind = position + (int) size;
            long groups = unsignedLeb("code");
            long inFunction = 0;
            for (long group = 0; group < groups && position < behind; group++) {
                inFunction += unsignedLeb("code");
                // The type of the group's variables.
                position++;
            }
            inModule += inFunction;
            if (inFunction > MAX_LOCALS_OF_FUNCTION || inModule > MAX_LOCALS) {
                throw malformed("its functions declare more local variables than a connector may have");
            }
            position = behind;
        }
    }

    private void requireHeader() {
        int known = Math.min(4, wasm.length);
        if (wasm.length == 0 || !Arrays.equals(wasm, 0, known, MAGIC, 0, known)) {
            throw ModuleReader.invalid(
                    origin,
                    "not_wasm",
                    origin
                            + (wasm.length == 0
                                    ? " is empty"
                                    : " is not a WebAssembly module: it does not begin with \\0asm"),
                    "Name a .wasm file.");
        }
        if (wasm.length < 8) {
            throw truncated("header");
        }
        if (!Arrays.equals(wasm, 4, 8, CORE_VERSION, 0, 4)) {
            boolean component = wasm[6] == 1;
            throw ModuleReader.invalid(
                    origin,
                    "not_core_wasm",
                    origin + (component ? " is a WebAssembly component" : " has an unknown WebAssembly version")
                            + ", and a connector is a core module of version 1",
                    "Build it for a core target such as wasm32-unknown-unknown.");
        }
    }

    private long unsignedLeb(String section) {
        long value = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            if (position >= wasm.length) {
                throw truncated(section);
            }
            int next = wasm[position++] & 0xFF;
            value |= (long) (next & 0x7F) << shift;
            if (next < 0x80) {
                return value;
            }
        }
        throw malformed("a number in section " + section + " is longer than five bytes");
    }

    private ConnectorException truncated(String section) {
        String where = section.equals("header") ? "inside its header" : "inside section " + section;
        return ModuleReader.invalid(
                origin,
                "module_truncated",
                origin + " is not a complete WebAssembly module: it ends at byte " + wasm.length + " " + where,
                "Copy or build the file again.");
    }

    private ConnectorException malformed(String what) {
        return ModuleReader.invalid(
                origin,
                "module_malformed",
                origin + " is not a valid WebAssembly module: " + what,
                "Build the file again.");
    }
}
