// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.Export;
import com.dylibso.chicory.wasm.types.ExternalType;
import com.dylibso.chicory.wasm.types.FunctionImport;
import com.dylibso.chicory.wasm.types.FunctionType;
import com.dylibso.chicory.wasm.types.Import;
import com.dylibso.chicory.wasm.types.MemoryLimits;
import com.dylibso.chicory.wasm.types.ValType;
import java.util.HashMap;
import java.util.Map;

/** What a parsed module must look like to be a connector ({@code docs/abi.md}, sections 2 and 4), checked before any of it runs. */
final class ModuleRules {
    static final String WASI = "wasi_snapshot_preview1";
    /** More function references than any real module has; a table is memory outside of the guest's own. */
    static final long MAX_TABLE_ELEMENTS = 1 << 18;

    private static final FunctionType LIFECYCLE = HostFunctions.type("ii", "l");

    private final ConnectorModule module;
    private final WasmModule wasm;

    private ModuleRules(ConnectorModule module, WasmModule wasm) {
        this.module = module;
        this.wasm = wasm;
    }

    static void check(ConnectorModule module, WasmModule wasm) {
        ModuleRules rules = new ModuleRules(module, wasm);
        rules.checkFeatures();
        rules.checkImports();
        rules.checkExports();
    }

    private void checkFeatures() {
        if (wasm.tagSection().isPresent() && wasm.tagSection().get().tagCount() > 0) {
            throw refused("unsupported_feature", "it uses WebAssembly exceptions");
        }
        int memories =
                wasm.memorySection().map(section -> section.memoryCount()).orElse(0);
        if (memories != 1) {
            throw refused("bad_memory", "it has " + memories + " memories of its own instead of one");
        }
        MemoryLimits memory = wasm.memorySection().get().getMemory(0).limits();
        if (memory.shared()) {
            throw refused("unsupported_feature", "its memory is shared between threads");
        }
        // Tables live outside of the memory that is limited.
        long elements = 0;
        for (int i = 0; i < wasm.tableSection().tableCount(); i++) {
            elements += 1 + wasm.tableSection().getTable(i).limits().min();
            if (elements > MAX_TABLE_ELEMENTS) {
                throw refused(
                        "table_too_large", "its tables have more than " + MAX_TABLE_ELEMENTS + " elements together");
            }
        }
        for (FunctionType type : wasm.typeSection().types()) {
            if (type != null
                    && (type.params().contains(ValType.V128) || type.returns().contains(ValType.V128))) {
                throw refused("unsupported_feature", "it uses SIMD");
            }
        }
    }

    private void checkImports() {
        for (int i = 0; i < wasm.importSection().importCount(); i++) {
            Import wanted = wasm.importSection().getImport(i);
            String name = wanted.module() + "." + wanted.name();
            if (wanted.importType() != ExternalType.FUNCTION) {
                throw refused("unknown_import", "it imports " + name + ", which is not a function");
            }
            if (wanted.module().equals(WASI)) {
                if (!WasiImports.has(wanted.name())) {
                    throw refused("unknown_import", "it imports " + name + ", which is not in WASI preview 1");
                }
                continue;
            }
            FunctionType known =
                    wanted.module().equals(HostFunctions.NAMESPACE) ? ImportSignatures.of(wanted.name()) : null;
            if (known == null) {
                throw refused("unknown_import", "it imports " + name + ", which the host does not have");
            }
            FunctionType actual = wasm.typeSection().getType(((FunctionImport) wanted).typeIndex());
            if (!known.equals(actual)) {
                throw refused("bad_import", "it imports " + name + " as " + actual + " instead of " + known);
            }
        }
    }

    private void checkExports() {
        Map<String, Export> exports = new HashMap<>();
        for (int i = 0; i < wasm.exportSection().exportCount(); i++) {
            Export export = wasm.exportSection().getExport(i);
            exports.put(export.name(), export);
        }
        Export memory = exports.get("memory");
        if (memory == null || memory.exportType() != ExternalType.MEMORY) {
            throw refused("missing_export", "it does not export its memory as memory");
        }
        requireFunction(exports, "rb_abi_version", HostFunctions.type("", "i"));
        requireFunction(exports, "rb_alloc", HostFunctions.type("i", "i"));
        requireFunction(exports, "rb_free", HostFunctions.type("ii", ""));
        for (LifecycleCall call : LifecycleCall.values()) {
            if (call.requiredOf(module.manifest().role())) {
                requireFunction(exports, call.export(), LIFECYCLE);
            } else if (call.optionalFor(module.manifest().role()) && exports.containsKey(call.export())) {
                requireFunction(exports, call.export(), LIFECYCLE);
            }
        }
        if (exports.containsKey(LifecycleCall.INITIALIZE.export())) {
            requireFunction(exports, LifecycleCall.INITIALIZE.export(), HostFunctions.type("", ""));
        }
    }

    private void requireFunction(Map<String, Export> exports, String name, FunctionType type) {
        Export export = exports.get(name);
        if (export == null || export.exportType() != ExternalType.FUNCTION) {
            throw refused(
                    "missing_export",
                    "it does not export the function " + name + ", which a "
                            + module.manifest().role().jsonName() + " must have");
        }
        FunctionType actual = functionType(export.index());
        if (!type.equals(actual)) {
            throw refused("bad_export", "it exports " + name + " as " + actual + " instead of " + type);
        }
    }

    private FunctionType functionType(int index) {
        // Only functions can be imported, so function indexes begin with all imports.
        int imports = wasm.importSection().importCount();
        if (index < imports) {
            return wasm.typeSection()
                    .getType(((FunctionImport) wasm.importSection().getImport(index)).typeIndex());
        }
        return wasm.functionSection().getFunctionType(index - imports, wasm.typeSection());
    }

    private ConnectorException refused(String code, String why) {
        return new ConnectorException(
                module.name(),
                ConnectorError.of(
                                Category.CONFIG,
                                code,
                                "The module of " + module.name() + " (" + module.origin() + ") cannot be used: " + why)
                        .withHint("See sections 2 and 4 of docs/abi.md."));
    }
}
