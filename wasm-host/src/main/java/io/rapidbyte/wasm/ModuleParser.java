// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.dylibso.chicory.wasm.ChicoryException;
import com.dylibso.chicory.wasm.Parser;
import com.dylibso.chicory.wasm.WasmModule;

/** Parses and validates a whole module, with the engine's errors put into a sentence. */
final class ModuleParser {
    private ModuleParser() {}

    static WasmModule parse(ConnectorModule module) {
        return parse(module, module.content());
    }

    static WasmModule parse(ConnectorModule module, byte[] wasm) {
        WasmModule parsed;
        try {
            parsed = Parser.parse(wasm);
        } catch (ChicoryException
                | IndexOutOfBoundsException
                | IllegalArgumentException
                | NegativeArraySizeException
                | ClassCastException
                | NullPointerException
                | java.nio.BufferUnderflowException e) {
            // The parser reads hostile bytes; whatever it trips over is a defect of the bytes.
            throw new ConnectorException(
                    module.name(),
                    ConnectorError.of(
                                    Category.CONFIG,
                                    "module_malformed",
                                    module.origin() + " is not a valid WebAssembly module: " + reason(e))
                            .withHint("Build the file again."),
                    e);
        }
        ModuleRules.check(module, parsed);
        return parsed;
    }

    private static String reason(RuntimeException e) {
        String message = e.getMessage();
        return message == null
                ? e.getClass().getSimpleName()
                : message.lines().findFirst().orElse("");
    }
}
