// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.parts;

import com.dylibso.chicory.wasm.WasmWriter;
import com.dylibso.chicory.wasm.types.SectionId;
import io.rapidbyte.wasm.ConnectorModule;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Connectors of a few instructions that do nothing but call the host over and over, assembled here: what any compiler makes would measure
 * itself as well. They follow sections 2 to 4 of {@code docs/abi.md}.
 */
final class CrossingModule {
    private static final int I32 = 0x7F;
    private static final int I64 = 0x7E;

    // Types, in the order in which the type section has them.
    private static final int TO_I32 = 0;
    private static final int I32_TO_I32 = 1;
    private static final int I32_I32_TO_NOTHING = 2;
    private static final int I32_I32_TO_I64 = 3;
    private static final int I32_TO_I64 = 4;
    private static final int I64_TO_I32 = 5;
    private static final int I32_I32_TO_I32 = 6;

    // Functions: the imports come first.
    private static final int CLOCK = 0;
    private static final int CLAIM = 1;
    private static final int EMIT_BATCH = 2;
    private static final int NEXT_BATCH = 3;
    private static final int ABI_VERSION = 4;
    private static final int ALLOC = 5;
    private static final int FREE = 6;
    private static final int ANSWER = 7;
    private static final int WORK = 8;

    // Opcodes.
    private static final int LOOP = 0x03;
    private static final int END = 0x0B;
    private static final int BR_IF = 0x0D;
    private static final int CALL = 0x10;
    private static final int DROP = 0x1A;
    private static final int LOCAL_GET = 0x20;
    private static final int LOCAL_SET = 0x21;
    private static final int LOCAL_TEE = 0x22;
    private static final int I32_CONST = 0x41;
    private static final int I64_CONST = 0x42;
    private static final int I64_LE_S = 0x57;
    private static final int I64_GE_S = 0x59;
    private static final int I64_ADD = 0x7C;
    private static final int NO_RESULT = 0x40;

    /** The only local variable of a work function, behind its two parameters. */
    private static final int COUNTER = 2;

    // Where things lie in the guest's memory.
    private static final int OK_AT = 16;
    private static final int RESPONSE_AT = 64;
    private static final int REQUEST_AT = 4_096;
    private static final int FRAME_AT = 65_536;
    private static final int PAGE_BYTES = 65_536;

    private static final String OK = "{\"ok\":{}}";

    private CrossingModule() {}

    /** A source that emits one batch and then asks for the time so many times. */
    static ConnectorModule clock(int calls, byte[] frame, int rows) {
        return source(
                1, rows, 1, calls, code(claim(0), emit(frame)), code(bytes(I32_CONST, 1, CALL, CLOCK, DROP)), frame);
    }

    /** A source that emits one batch and then claims so many more units. */
    static ConnectorModule claim(int calls, byte[] frame, int rows) {
        return source(
                calls + 1L,
                rows,
                1,
                calls,
                code(claim(0), emit(frame)),
                code(bytes(LOCAL_GET, COUNTER, CALL, CLAIM, DROP)),
                frame);
    }

    /** A source that emits the same batch so many times. */
    static ConnectorModule emit(int calls, byte[] frame, int rows) {
        return source(1, (long) calls * rows, calls, calls, claim(0), emit(frame), frame);
    }

    /** A destination that takes batches of up to so many bytes and forgets them. */
    static ConnectorModule next(int maxFrameBytes) {
        int capacity = maxFrameBytes + 40;
        byte[] take = code(
                bytes(LOOP, NO_RESULT, I32_CONST),
                signed(FRAME_AT),
                bytes(I32_CONST),
                signed(capacity),
                bytes(CALL, NEXT_BATCH, I64_CONST, 0, I64_GE_S, BR_IF, 0, END));
        return module(
                "destination",
                "\"write_modes\": [\"append\"]",
                List.of("rb_apply", "rb_finalize"),
                "rb_write",
                "{\"ok\":{\"rows\":0,\"bytes\":0,\"batches\":0}}",
                take,
                capacity,
                new byte[0]);
    }

    private static ConnectorModule source(
            long units, long rows, long batches, int turns, byte[] before, byte[] body, byte[] frame) {
        byte[] work = code(
                before,
                bytes(I64_CONST, 1, LOCAL_SET, COUNTER, LOOP, NO_RESULT),
                body,
                bytes(LOCAL_GET, COUNTER, I64_CONST, 1, I64_ADD, LOCAL_TEE, COUNTER, I64_CONST),
                signed(turns),
                bytes(I64_LE_S, BR_IF, 0, END));
        return module(
                "source",
                "\"sync_modes\": [\"full_refresh\"]",
                List.of("rb_discover", "rb_plan"),
                "rb_read",
                "{\"ok\":{\"units\":" + units + ",\"rows\":" + rows + ",\"batches\":" + batches + "}}",
                work,
                frame.length,
                frame);
    }

    private static byte[] claim(int unit) {
        return code(bytes(I64_CONST), signed(unit), bytes(CALL, CLAIM, DROP));
    }

    private static byte[] emit(byte[] frame) {
        return code(
                bytes(I32_CONST),
                signed(FRAME_AT),
                bytes(I32_CONST),
                signed(frame.length),
                bytes(CALL, EMIT_BATCH, DROP));
    }

    private static ConnectorModule module(
            String role,
            String modes,
            List<String> answering,
            String working,
            String response,
            byte[] work,
            int bufferBytes,
            byte[] frame) {
        String name = "crossing-" + role;
        WasmWriter module = new WasmWriter();
        module.writeSection(
                SectionId.TYPE,
                vector(
                        type(bytes(), bytes(I32)),
                        type(bytes(I32), bytes(I32)),
                        type(bytes(I32, I32), bytes()),
                        type(bytes(I32, I32), bytes(I64)),
                        type(bytes(I32), bytes(I64)),
                        type(bytes(I64), bytes(I32)),
                        type(bytes(I32, I32), bytes(I32))));
        module.writeSection(
                SectionId.IMPORT,
                vector(
                        imported("clock", I32_TO_I64),
                        imported("claim", I64_TO_I32),
                        imported("emit_batch", I32_I32_TO_I32),
                        imported("next_batch", I32_I32_TO_I64)));
        module.writeSection(
                SectionId.FUNCTION,
                vector(
                        bytes(TO_I32),
                        bytes(I32_TO_I32),
                        bytes(I32_I32_TO_NOTHING),
                        bytes(I32_I32_TO_I64),
                        bytes(I32_I32_TO_I64)));
        int pages = (FRAME_AT + bufferBytes + PAGE_BYTES - 1) / PAGE_BYTES;
        module.writeSection(SectionId.MEMORY, vector(code(bytes(0), unsigned(pages))));
        module.writeSection(SectionId.EXPORT, exports(answering, working));
        module.writeSection(
                SectionId.CODE,
                vector(
                        body(bytes(), bytes(I32_CONST, 1)),
                        body(bytes(), code(bytes(I32_CONST), signed(REQUEST_AT))),
                        body(bytes(), bytes()),
                        body(bytes(), packed(OK_AT, OK.length())),
                        body(bytes(1, I64), code(work, packed(RESPONSE_AT, response.length())))));
        module.writeSection(
                SectionId.DATA,
                vector(data(OK_AT, text(OK)), data(RESPONSE_AT, text(response)), data(FRAME_AT, frame)));
        String manifest = "{\"name\": \"" + name + "\", \"version\": \"1.0.0\", \"abi\": 1, \"role\": \"" + role
                + "\", \"config_schema\": {}, " + modes + "}";
        module.writeSection(SectionId.CUSTOM, code(name("rapidbyte.manifest"), text(manifest)));
        return ConnectorModule.of(name, module.bytes());
    }

    private static byte[] exports(List<String> answering, String working) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        List<String> always = List.of("rb_open", "rb_check", "rb_close", "rb_teardown");
        out.writeBytes(unsigned(5 + always.size() + answering.size()));
        out.writeBytes(code(name("memory"), bytes(2, 0)));
        out.writeBytes(code(name("rb_abi_version"), bytes(0, ABI_VERSION)));
        out.writeBytes(code(name("rb_alloc"), bytes(0, ALLOC)));
        out.writeBytes(code(name("rb_free"), bytes(0, FREE)));
        out.writeBytes(code(name(working), bytes(0, WORK)));
        always.forEach(each -> out.writeBytes(code(name(each), bytes(0, ANSWER))));
        answering.forEach(each -> out.writeBytes(code(name(each), bytes(0, ANSWER))));
        return out.toByteArray();
    }

    private static byte[] type(byte[] parameters, byte[] results) {
        return code(bytes(0x60), unsigned(parameters.length), parameters, unsigned(results.length), results);
    }

    private static byte[] imported(String function, int type) {
        return code(name("rapidbyte"), name(function), bytes(0, type));
    }

    /** A function's body: how many local variables of which type, and its instructions. */
    private static byte[] body(byte[] locals, byte[] instructions) {
        byte[] groups = locals.length == 0 ? bytes(0) : code(bytes(1), locals);
        byte[] whole = code(groups, instructions, bytes(END));
        return code(unsigned(whole.length), whole);
    }

    private static byte[] data(int address, byte[] contents) {
        return code(bytes(0, I32_CONST), signed(address), bytes(END), unsigned(contents.length), contents);
    }

    /** What a lifecycle call returns. */
    private static byte[] packed(int pointer, int length) {
        return code(bytes(I64_CONST), signed((long) pointer << 32 | length));
    }

    private static byte[] vector(byte[]... elements) {
        return code(unsigned(elements.length), code(elements));
    }

    private static byte[] name(String name) {
        return code(unsigned(name.length()), text(name));
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    private static byte[] code(byte[]... pieces) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] piece : pieces) {
            out.writeBytes(piece);
        }
        return out.toByteArray();
    }

    private static byte[] unsigned(int value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        WasmWriter.writeVarUInt32(out, value);
        return out.toByteArray();
    }

    private static byte[] signed(long value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        long rest = value;
        while (rest < -64 || rest > 63) {
            out.write((int) rest & 0x7F | 0x80);
            rest >>= 7;
        }
        out.write((int) rest & 0x7F);
        return out.toByteArray();
    }
}
