// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Machine;
import com.dylibso.chicory.wasm.WasmModule;
import java.util.function.Function;

/**
 * A module whose code is ready to run.
 *
 * @param wasm the parsed module; compiled functions may have empty bodies
 * @param machines makes what runs the code of an instance
 * @param origin where the code came from
 * @param parseNanos how long parsing took
 * @param compileNanos how long compiling took, or loading what was compiled before
 */
record LoadedModule(
        WasmModule wasm,
        Function<Instance, Machine> machines,
        LoadTimings.CodeOrigin origin,
        long parseNanos,
        long compileNanos) {}
