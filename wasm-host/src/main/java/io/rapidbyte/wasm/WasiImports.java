// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.dylibso.chicory.runtime.HostFunction;
import com.dylibso.chicory.runtime.ImportFunction;
import com.dylibso.chicory.runtime.Memory;
import com.dylibso.chicory.wasi.WasiOptions;
import com.dylibso.chicory.wasi.WasiPreview1;
import com.dylibso.chicory.wasm.WasmModule;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.event.Level;

/**
 * WASI preview 1 for modules that import it ({@code docs/abi.md}, section 11): clock, random numbers, output into the log, and
 * the environment variables and folders that were granted.
 *
 * <p>To the watchdog these functions are computation, since some of them can wait for as long as the guest likes: an interrupt ends
 * such a wait. A guest cannot make links, since one that leads out of a granted folder would be followed.
 */
final class WasiImports implements AutoCloseable {
    private static final long INVALID = 28;
    private static final long NOT_SUPPORTED = 58;
    private static final int MAX_VECTORS = 1_024;
    private static final long MAX_VECTORED_BYTES = 16 << 20;

    /** The functions whose second and third argument are a list of ranges to read or write. */
    private static final Set<String> VECTORED = Set.of("fd_read", "fd_write", "fd_pread", "fd_pwrite");

    private static final Set<String> REFUSED = Set.of("path_symlink", "path_link");
    private static final Set<String> NAMES = names();

    private final WasiPreview1 wasi;

    private WasiImports(WasiPreview1 wasi) {
        this.wasi = wasi;
    }

    /** Whether WASI has a function. */
    static boolean has(String name) {
        return NAMES.contains(name);
    }

    /** Adds WASI to the imports of a module that asks for it; null for others. */
    static WasiImports addTo(
            List<ImportFunction> functions, WasmModule module, Manifest manifest, Grants grants, GuestLines lines) {
        boolean wanted =
                module.importSection().stream().anyMatch(i -> i.module().equals(ModuleRules.WASI));
        if (!wanted) {
            return null;
        }
        WasiOptions.Builder options = WasiOptions.builder()
                .withRandom(new SecureRandom())
                .withStdin(new ByteArrayInputStream(new byte[0]), false)
                .withStdout(new LineStream(lines, Level.INFO), false)
                .withStderr(new LineStream(lines, Level.WARN), false)
                .withArguments(List.of(manifest.name()));
        for (String name : granted(manifest.permissions().env(), grants.allowedEnv())) {
            String value = System.getenv(name);
            if (value != null) {
                options.withEnvironment(name, value);
            }
        }
        for (String folder : granted(manifest.permissions().folders(), grants.allowedFolders())) {
            options.withDirectory(folder, Path.of(folder).toAbsolutePath());
        }
        WasiPreview1 wasi = WasiPreview1.builder().withOptions(options.build()).build();
        for (HostFunction function : wasi.toHostFunctions()) {
            functions.add(wrap(function));
        }
        return new WasiImports(wasi);
    }

    @Override
    public void close() {
        wasi.close();
    }

    private static List<String> granted(List<String> asked, List<String> allowed) {
        // Unlike the server in its configuration, these are nothing a pipeline implies: it has to name them.
        List<String> granted = new ArrayList<>(asked);
        granted.retainAll(allowed == null ? List.of() : allowed);
        return granted;
    }

    private static HostFunction wrap(HostFunction function) {
        if (REFUSED.contains(function.name())) {
            return new HostFunction(
                    function.module(), function.name(), function.functionType(), (instance, arguments) ->
                            new long[] {NOT_SUPPORTED});
        }
        return new HostFunction(function.module(), function.name(), function.functionType(), (instance, arguments) -> {
            StackHeadroom.require();
            if (VECTORED.contains(function.name())
                    && !isBounded(instance.memory(), (int) arguments[1], (int) arguments[2])) {
                return new long[] {INVALID};
            }
            return function.handle().apply(instance, arguments);
        });
    }

    /** Whether a call moves so little at once that it ends soon: nothing interrupts it in the middle. */
    private static boolean isBounded(Memory memory, int vectors, int count) {
        if (count < 0 || count > MAX_VECTORS) {
            return false;
        }
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            int length = memory.readInt(vectors + i * 8 + 4);
            if (length < 0) {
                return false;
            }
            bytes += length;
        }
        return bytes <= MAX_VECTORED_BYTES;
    }

    private static Set<String> names() {
        WasiPreview1 wasi = WasiPreview1.builder()
                .withOptions(WasiOptions.builder().build())
                .build();
        return Arrays.stream(wasi.toHostFunctions()).map(ImportFunction::name).collect(Collectors.toUnmodifiableSet());
    }
}
