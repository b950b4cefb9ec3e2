// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.dylibso.chicory.compiler.Cache;
import com.dylibso.chicory.compiler.InterpreterFallback;
import com.dylibso.chicory.compiler.MachineFactoryCompiler;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Machine;
import com.dylibso.chicory.wasm.ChicoryException;
import com.dylibso.chicory.wasm.Version;
import com.dylibso.chicory.wasm.WasmModule;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.objectweb.asm.MethodTooLargeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs modules as JVM bytecode: what the build compiled ahead of time, else what an earlier process compiled and kept, else
 * compiled now.
 */
final class CompilingEngine implements CodeEngine {
    private static final Logger LOG = LoggerFactory.getLogger(CompilingEngine.class);
    /** The version of the compiler and of what is done to its code: code of another one is not used. */
    static final String COMPILER = Version.version() + "-" + FusedComparisons.MARK;

    private static final String METHOD_PREFIX = "func_";

    private final CodeCache cache;

    /** An engine that keeps what it compiled; null for one that does not. */
    CompilingEngine(CodeCache cache) {
        this.cache = cache;
    }

    @Override
    public LoadedModule load(ConnectorModule module) {
        LoadedModule bundled = BundledCode.find(module);
        if (bundled != null) {
            return bundled;
        }
        LoadedModule cached = cache == null ? null : loadCached(module);
        return cached == null ? compile(module) : cached;
    }

    private LoadedModule loadCached(ConnectorModule module) {
        CodeCache.Entry entry = cache.read(module.sha256());
        if (entry == null) {
            return null;
        }
        try {
            long start = System.nanoTime();
            WasmModule wasm = ModuleParser.parse(module, entry.module());
            long parsed = System.nanoTime();
            Function<Instance, Machine> machines = MachineFactoryCompiler.builder(wasm)
                    .withClassName(className(module))
                    .withCache(new FixedCode(entry.classes()))
                    .compile();
            return new LoadedModule(
                    wasm, machines, LoadTimings.CodeOrigin.DISK_CACHE, parsed - start, System.nanoTime() - parsed);
        } catch (ConnectorException | ChicoryException | LinkageError e) {
            // Its checksum is right, so an older or newer host wrote it, or a defect.
            LOG.warn(
                    "What is kept of the compiled connector {} cannot be used; it is compiled again.",
                    module.name(),
                    e);
            return null;
        }
    }

    private LoadedModule compile(ConnectorModule module) {
        long start = System.nanoTime();
        WasmModule wasm = ModuleParser.parse(module);
        long parsed = System.nanoTime();
        Map<Integer, String> interpreted = new TreeMap<>();
        while (true) {
            CapturedCode captured = new CapturedCode();
            try {
                MachineFactoryCompiler.Builder compiler = MachineFactoryCompiler.builder(wasm)
                        .withClassName(className(module))
                        .withInterpreterFallback(InterpreterFallback.FAIL)
                        .withCache(captured);
                if (!interpreted.isEmpty()) {
                    compiler.withInterpretedFunctions(Set.copyOf(interpreted.keySet()));
                }
                compiler.compile();
                captured.classes = FusedComparisons.rewriteArchive(captured.classes);
                Function<Instance, Machine> machines =
                        compiler.withCache(new FixedCode(captured.classes)).compile();
                long compileNanos = System.nanoTime() - parsed;
                warnOfInterpreted(module, interpreted);
                keep(module, captured, interpreted);
                return new LoadedModule(wasm, machines, LoadTimings.CodeOrigin.COMPILED, parsed - start, compileNanos);
            } catch (ChicoryException | MethodTooLargeException e) {
                // What the compiler made may fit, and be too large with its comparisons rewritten.
                int function = tooLarge(e);
                if (function < 0 || interpreted.containsKey(function)) {
                    throw failed(module, e);
                }
                interpreted.put(function, functionName(wasm, function));
            } catch (LinkageError e) {
                throw failed(module, e);
            }
        }
    }

    private void keep(ConnectorModule module, CapturedCode captured, Map<Integer, String> interpreted) {
        if (cache == null) {
            return;
        }
        // The interpreter needs the bodies of the functions that were not compiled.
        byte[] kept = interpreted.isEmpty() ? StrippedModule.of(module.content()) : module.content();
        cache.write(module.sha256(), new CodeCache.Entry(kept, captured.classes));
    }

    private static void warnOfInterpreted(ConnectorModule module, Map<Integer, String> interpreted) {
        interpreted.forEach((index, name) -> LOG.warn(
                "The function {} ({}) of the connector {} is too large for the JVM and runs in the interpreter, about a hundred"
                        + " times slower. Split it in the connector's source.",
                index,
                name,
                module.name()));
    }

    /** The function whose code became larger than a method may be; -1 when the failure is another. */
    private static int tooLarge(RuntimeException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof MethodTooLargeException large
                    && large.getMethodName().startsWith(METHOD_PREFIX)) {
                return Integer.parseInt(large.getMethodName().substring(METHOD_PREFIX.length()));
            }
        }
        return -1;
    }

    private static String functionName(WasmModule wasm, int function) {
        String name = wasm.nameSection() == null ? null : wasm.nameSection().nameOfFunction(function);
        return name == null ? "without a name" : name;
    }

    private static ConnectorException failed(ConnectorModule module, Throwable e) {
        return new ConnectorException(
                module.name(),
                ConnectorError.of(
                        Category.CONFIG,
                        "compile_failed",
                        "The module of " + module.name() + " (" + module.origin() + ") cannot be compiled: "
                                + e.getMessage()),
                e);
    }

    /** Shows up in profiles and stack traces, so it says which connector it is. */
    private static String className(ConnectorModule module) {
        return "io.rapidbyte.wasm.compiled." + module.name().replace('-', '_') + "_"
                + module.sha256().substring(0, 8);
    }

    /** The compiler's own cache interface, used to get hold of the classes it made. */
    private static final class CapturedCode implements Cache {
        private byte[] classes;

        @Override
        public byte[] get(String key) {
            return null;
        }

        @Override
        public void putIfAbsent(String key, byte[] data) {
            classes = data;
        }
    }

    /** The compiler's own cache interface, used to hand it classes that were made before. */
    private record FixedCode(byte[] classes) implements Cache {
        @Override
        public byte[] get(String key) {
            return classes;
        }

        @Override
        public void putIfAbsent(String key, byte[] data) {
            throw new IllegalStateException("There is nothing to put: the code was there.");
        }
    }
}
