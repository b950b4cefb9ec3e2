// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import io.rapidbyte.wasm.LoadTimings.CodeOrigin;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compiled modules are kept, trusted only when they are whole and nobody else can have written them, and never missed. */
class CodeCacheTest {
    private static final ConnectorModule MODULE = WasmAssembler.source().module();

    @TempDir
    Path folder;

    private CodeOrigin load(Path cache) {
        WasmHost host = new WasmHost(HostSettings.fromSystem().withCacheDirectory(cache));
        try (SourceConnector source = host.openSource(MODULE, "{}", Probes.options())) {
            source.teardown(List.of(), "requested");
        }
        return host.lastLoad(MODULE).orElseThrow().origin();
    }

    private Path entry() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".code"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Test
    void theSecondProcessDoesNotCompile() throws IOException {
        assertThat(load(folder), is(CodeOrigin.COMPILED));
        assertThat(load(folder), is(CodeOrigin.DISK_CACHE));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(entry().getParent())), is("rwx------"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"empty", "half", "bit", "garbage"})
    void aDamagedEntryIsCompiledAgain(String damage) throws IOException {
        load(folder);
        byte[] bytes = Files.readAllBytes(entry());
        switch (damage) {
            case "empty" -> bytes = new byte[0];
            case "half" -> bytes = java.util.Arrays.copyOf(bytes, bytes.length / 2);
            case "bit" -> bytes[bytes.length / 2] ^= 1;
            default -> new java.util.Random(1).nextBytes(bytes);
        }
        Files.write(entry(), bytes);
        assertThat(load(folder), is(CodeOrigin.COMPILED));
        assertThat("and kept whole", load(folder), is(CodeOrigin.DISK_CACHE));
    }

    @Test
    void anEntryOfAnotherModuleIsNotTakenForThisOne() throws IOException {
        load(folder);
        Path mine = entry();
        ConnectorModule other = WasmAssembler.source().initialPages(3).module();
        Path theirs = mine.resolveSibling(other.sha256() + ".code");
        Files.move(mine, theirs);
        WasmHost host = new WasmHost(HostSettings.fromSystem().withCacheDirectory(folder));
        host.openSource(other, "{}", Probes.options()).close();
        assertThat(host.lastLoad(other).orElseThrow().origin(), is(CodeOrigin.COMPILED));
    }

    @Test
    void aFolderThatOthersCanWriteIntoIsRefused() throws IOException {
        load(folder);
        Files.setPosixFilePermissions(entry().getParent(), PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThat(load(folder), is(CodeOrigin.COMPILED));
        assertThat(load(folder), is(CodeOrigin.COMPILED));
    }

    @Test
    void aFolderThatCannotBeMadeIsDoneWithout() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "in the way");
        assertThat(load(file), is(CodeOrigin.COMPILED));
        assertThat(load(file.resolve("below")), is(CodeOrigin.COMPILED));
        assertThat(load(null), is(CodeOrigin.COMPILED));
    }

    @Test
    void oneHostLoadsAModuleOnce() {
        WasmHost host = new WasmHost(HostSettings.fromSystem().withCacheDirectory(folder));
        host.load(MODULE);
        try (SourceConnector source = host.openSource(MODULE, "{}", Probes.options())) {
            assertThat("the load was accounted for before", source.timings().get("module_compile"), is(Timing.ZERO));
        }
    }

    @Test
    void processesThatWriteAtOnceAgree() throws IOException, InterruptedException {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            processes.add(new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            LoadInProcess.class.getName(),
                            folder.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("output-" + i).toFile())
                    .start());
        }
        for (Process process : processes) {
            assertThat(process.waitFor(), is(0));
        }
        assertThat(load(folder), is(CodeOrigin.DISK_CACHE));
        File[] left = entry().getParent().toFile().listFiles((parent, name) -> name.endsWith(".tmp"));
        assertThat(List.of(left), is(empty()));
        try (Stream<Path> files = Files.list(entry().getParent())) {
            assertThat(files.toList(), is(not(empty())));
        }
        assertThat(processes, hasSize(2));
    }

    /** Another process that loads the module. */
    static final class LoadInProcess {
        private LoadInProcess() {}

        public static void main(String[] arguments) {
            WasmHost host = new WasmHost(HostSettings.fromSystem().withCacheDirectory(Path.of(arguments[0])));
            host.openSource(MODULE, "{}", Probes.options()).close();
        }
    }
}
