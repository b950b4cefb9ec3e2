// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.dylibso.chicory.runtime.CompiledModule;
import com.dylibso.chicory.wasm.WasmModule;
import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the code that the build of the connectors compiled ahead of time. Beside {@code <name>.wasm} lies
 * {@code <name>.properties}: the class that holds the code, the hash of the module it was compiled from, and the version of
 * the compiler. Code that does not belong to exactly this module and this engine is not used.
 */
final class BundledCode {
    private static final Logger LOG = LoggerFactory.getLogger(BundledCode.class);

    private BundledCode() {}

    /** Null when there is none that fits. */
    static LoadedModule find(ConnectorModule module) {
        if (module.bundledName() == null) {
            return null;
        }
        long start = System.nanoTime();
        Properties properties = properties(module.bundledName());
        if (properties == null) {
            return null;
        }
        if (!module.sha256().equals(properties.getProperty("sha256"))
                || !CompilingEngine.COMPILER.equals(properties.getProperty("compiler"))) {
            LOG.warn(
                    "The code that was compiled ahead of time for the connector {} belongs to another version of it: the class"
                            + " path is mixed up. It is compiled now instead.",
                    module.name());
            return null;
        }
        try {
            CompiledModule compiled = Class.forName(properties.getProperty("class"), true, BundledModules.loader())
                    .asSubclass(CompiledModule.class)
                    .getDeclaredConstructor()
                    .newInstance();
            long loaded = System.nanoTime();
            WasmModule wasm = compiled.wasmModule();
            ModuleRules.check(module, wasm);
            long parsed = System.nanoTime();
            return new LoadedModule(
                    wasm,
                    compiled.machineFactory(),
                    LoadTimings.CodeOrigin.AHEAD_OF_TIME,
                    parsed - loaded,
                    loaded - start);
        } catch (ReflectiveOperationException | LinkageError e) {
            LOG.warn(
                    "The code that was compiled ahead of time for the connector {} cannot be loaded; it is compiled now instead.",
                    module.name(),
                    e);
            return null;
        }
    }

    private static Properties properties(String name) {
        try (InputStream in = BundledModules.open(BundledModules.FOLDER + name + ".properties")) {
            if (in == null) {
                return null;
            }
            Properties properties = new Properties();
            properties.load(in);
            return properties;
        } catch (IOException e) {
            LOG.warn("What was compiled ahead of time for the connector {} cannot be read.", name, e);
            return null;
        }
    }
}
