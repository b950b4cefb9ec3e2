// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.dylibso.chicory.wasm.Parser;
import com.dylibso.chicory.wasm.WasmWriter;
import com.dylibso.chicory.wasm.types.OpCode;
import com.dylibso.chicory.wasm.types.RawSection;
import com.dylibso.chicory.wasm.types.SectionId;
import java.io.ByteArrayOutputStream;

/** A module without its code and custom sections: what an instance still needs once the code is compiled, quick to parse. */
final class StrippedModule {
    /** Size 3, no locals, unreachable, end. */
    private static final byte[] EMPTY_BODY = {3, 0, (byte) OpCode.UNREACHABLE.opcode(), (byte) OpCode.END.opcode()};

    private StrippedModule() {}

    static byte[] of(byte[] wasm) {
        WasmWriter writer = new WasmWriter();
        Parser.parseWithoutDecoding(wasm, section -> {
            if (section.sectionId() == SectionId.CODE) {
                writer.writeSection(SectionId.CODE, withoutBodies(((RawSection) section).contents()));
            } else if (section.sectionId() != SectionId.CUSTOM) {
                writer.writeSection((RawSection) section);
            }
        });
        return writer.bytes();
    }

    private static byte[] withoutBodies(byte[] codeSection) {
        int count = 0;
        int shift = 0;
        for (byte next : codeSection) {
            count |= (next & 0x7F) << shift;
            shift += 7;
            if (next >= 0) {
                break;
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        WasmWriter.writeVarUInt32(out, count);
        for (int i = 0; i < count; i++) {
            out.write(EMPTY_BODY, 0, EMPTY_BODY.length);
        }
        return out.toByteArray();
    }
}
