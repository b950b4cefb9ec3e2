// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Puts together small modules by hand, for what no compiler would make. */
final class WasmAssembler {
    static final String MANIFEST = "{\"name\": \"handmade\", \"version\": \"1.0.0\", \"abi\": 1, \"role\": \"source\","
            + " \"config_schema\": {}, \"sync_modes\": [\"full_refresh\"]}";

    /** Opcodes. */
    static final int UNREACHABLE = 0x00;

    static final int CALL = 0x10;
    static final int DROP = 0x1A;
    static final int LOCAL_GET = 0x20;
    static final int I32_CONST = 0x41;
    static final int I64_CONST = 0x42;
    static final int END = 0x0B;

    private record Function(int type, byte[] body) {}

    private final List<byte[]> types = new ArrayList<>();
    private final Map<String, Integer> typeIndexes = new LinkedHashMap<>();
    private final List<byte[]> imports = new ArrayList<>();
    private final List<Function> functions = new ArrayList<>();
    private final Map<String, Integer> functionExports = new LinkedHashMap<>();
    private final List<byte[]> extraSections = new ArrayList<>();
    private String manifest = MANIFEST;
    private int initialPages = 2;
    private int tableElements = 0;
    private boolean exportMemory = true;
    private final List<byte[]> segments = new ArrayList<>();

    /** A source that answers every call with {@code {"ok":{}}}. */
    static WasmAssembler source() {
        return complete(new WasmAssembler());
    }

    /** A destination that does. */
    static WasmAssembler destination() {
        return complete(new WasmAssembler().manifest(MANIFEST.replace("source", "destination")), Role.DESTINATION);
    }

    /** Adds the exports of a source that answers every call with {@code {"ok":{}}}. */
    static WasmAssembler complete(WasmAssembler module) {
        return complete(module, Role.SOURCE);
    }

    private static WasmAssembler complete(WasmAssembler module, Role role) {
        module.export("rb_abi_version", "", "i", I32_CONST, 1);
        // Requests go to one place, responses come from another.
        module.export("rb_alloc", "i", "i", I32_CONST, 0x80, 0x20);
        module.export("rb_free", "ii", "");
        for (LifecycleCall call : LifecycleCall.values()) {
            if (call.requiredOf(role)) {
                module.answer(call.export());
            }
        }
        return module;
    }

    /** Replaces an export by one that answers {@code {"ok":{}}}, which lies at address 16. */
    WasmAssembler answer(String name) {
        return export(name, "ii", "l", concat(new byte[] {I64_CONST}, signedLeb(16L << 32 | 9)));
    }

    /** Replaces an export by one that answers this. */
    WasmAssembler answer(String name, String response) {
        return data(8192, response)
                .export(name, "ii", "l", concat(new byte[] {I64_CONST}, signedLeb(8192L << 32 | response.length())));
    }

    WasmAssembler manifest(String json) {
        manifest = json;
        return this;
    }

    WasmAssembler initialPages(int pages) {
        initialPages = pages;
        return this;
    }

    WasmAssembler table(int elements) {
        tableElements = elements;
        return this;
    }

    /** Puts a text at an address. */
    WasmAssembler data(int address, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        byte[] head = concat(concat(new byte[] {0, I32_CONST}, signedLeb(address)), new byte[] {END});
        segments.add(concat(head, concat(unsignedLeb(bytes.length), bytes)));
        return this;
    }

    WasmAssembler withoutMemoryExport() {
        exportMemory = false;
        return this;
    }

    WasmAssembler without(String export) {
        functionExports.remove(export);
        return this;
    }

    /** Imports a function, before any function is defined of its own. */
    WasmAssembler importing(String module, String name, String parameters, String results) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        text(out, module);
        text(out, name);
        out.write(0);
        leb(out, type(parameters, results));
        imports.add(out.toByteArray());
        return this;
    }

    WasmAssembler export(String name, String parameters, String results, int... code) {
        byte[] bytes = new byte[code.length];
        for (int i = 0; i < code.length; i++) {
            bytes[i] = (byte) code[i];
        }
        return export(name, parameters, results, bytes);
    }

    WasmAssembler export(String name, String parameters, String results, byte[] code) {
        functionExports.put(name, functions.size());
        functions.add(new Function(type(parameters, results), code));
        return this;
    }

    /** The index of the function that will be defined next, as {@code call} takes it. */
    int nextFunction() {
        return imports.size() + functions.size();
    }

    WasmAssembler section(int id, byte[] contents) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        section(out, id, contents);
        extraSections.add(out.toByteArray());
        return this;
    }

    byte[] build() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {0, 'a', 's', 'm', 1, 0, 0, 0});
        section(out, 1, vector(types));
        if (!imports.isEmpty()) {
            section(out, 2, vector(imports));
        }
        section(out, 3, vector(functions.stream().map(f -> unsignedLeb(f.type)).toList()));
        if (tableElements > 0) {
            section(out, 4, vector(List.of(concat(new byte[] {0x70, 0}, unsignedLeb(tableElements)))));
        }
        section(out, 5, vector(List.of(concat(new byte[] {0}, unsignedLeb(initialPages)))));
        List<byte[]> exports = new ArrayList<>();
        functionExports.forEach((name, index) -> exports.add(export(name, 0, imports.size() + index)));
        if (exportMemory) {
            exports.add(export("memory", 2, 0));
        }
        section(out, 7, vector(exports));
        section(out, 10, vector(functions.stream().map(WasmAssembler::body).toList()));
        data(16, "{\"ok\":{}}");
        section(out, 11, vector(segments));
        extraSections.forEach(out::writeBytes);
        if (manifest != null) {
            section(out, 0, custom(ManifestReader.SECTION, manifest.getBytes(StandardCharsets.UTF_8)));
        }
        return out.toByteArray();
    }

    ConnectorModule module() {
        return ConnectorModule.of("handmade.wasm", build());
    }

    static byte[] custom(String name, byte[] contents) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        text(out, name);
        out.writeBytes(contents);
        return out.toByteArray();
    }

    private static byte[] export(String name, int kind, int index) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        text(out, name);
        out.write(kind);
        leb(out, index);
        return out.toByteArray();
    }

    private static byte[] body(Function function) {
        byte[] code = concat(new byte[] {0}, concat(function.body, new byte[] {END}));
        return concat(unsignedLeb(code.length), code);
    }

    private int type(String parameters, String results) {
        return typeIndexes.computeIfAbsent(parameters + ">" + results, key -> {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            out.write(0x60);
            valueTypes(out, parameters);
            valueTypes(out, results);
            types.add(out.toByteArray());
            return types.size() - 1;
        });
    }

    private static void valueTypes(ByteArrayOutputStream out, String letters) {
        leb(out, letters.length());
        letters.chars().forEach(letter -> out.write(letter == 'l' ? 0x7E : 0x7F));
    }

    private static void section(ByteArrayOutputStream out, int id, byte[] contents) {
        out.write(id);
        leb(out, contents.length);
        out.writeBytes(contents);
    }

    private static byte[] vector(List<byte[]> elements) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        leb(out, elements.size());
        elements.forEach(out::writeBytes);
        return out.toByteArray();
    }

    private static void text(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        leb(out, bytes.length);
        out.writeBytes(bytes);
    }

    private static void leb(ByteArrayOutputStream out, int value) {
        out.writeBytes(unsignedLeb(value));
    }

    static byte[] unsignedLeb(int value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int rest = value;
        while (rest >>> 7 != 0) {
            out.write(rest & 0x7F | 0x80);
            rest >>>= 7;
        }
        out.write(rest);
        return out.toByteArray();
    }

    static byte[] signedLeb(long value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        long rest = value;
        while (true) {
            int bits = (int) rest & 0x7F;
            rest >>= 7;
            if (rest == 0 && (bits & 0x40) == 0 || rest == -1 && (bits & 0x40) != 0) {
                out.write(bits);
                return out.toByteArray();
            }
            out.write(bits | 0x80);
        }
    }

    static byte[] concat(byte[] a, byte[] b) {
        byte[] both = java.util.Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }
}
