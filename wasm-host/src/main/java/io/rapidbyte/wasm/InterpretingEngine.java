// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.dylibso.chicory.runtime.InterpreterMachine;
import com.dylibso.chicory.wasm.WasmModule;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs modules without compiling them. */
final class InterpretingEngine implements CodeEngine {
    private static final Logger LOG = LoggerFactory.getLogger(InterpretingEngine.class);

    @Override
    public LoadedModule load(ConnectorModule module) {
        LOG.warn(
                "The connector {} runs in the interpreter, about a hundred times slower than compiled: this is for finding"
                        + " defects, not for moving data.",
                module.name());
        long start = System.nanoTime();
        WasmModule wasm = ModuleParser.parse(module);
        long parsed = System.nanoTime();
        return new LoadedModule(wasm, InterpreterMachine::new, LoadTimings.CodeOrigin.INTERPRETED, parsed - start, 0);
    }
}
