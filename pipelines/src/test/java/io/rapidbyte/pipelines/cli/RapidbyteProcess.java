// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.pipelines.Main;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A command in a process of its own, which closing it kills. */
final class RapidbyteProcess implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 60;
    private static final long MOMENT_MILLIS = 50;

    private final Process process;
    private final Path out;
    private final Path err;

    private RapidbyteProcess(Process process, Path out, Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    /**
     * Starts a command.
     *
     * @param folder where its output is kept
     */
    static RapidbyteProcess start(Path folder, Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        Path out = Files.createTempFile(folder, "out", ".txt");
        Path err = Files.createTempFile(folder, "err", ".txt");
        List<String> command = new ArrayList<>(withInterrupts());
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--add-opens=java.base/java.nio=ALL-UNNAMED");
        if (Runtime.version().feature() >= 24) {
            // As the launcher does: Java would warn of what the libraries underneath do.
            command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().putAll(environment);
        return new RapidbyteProcess(builder.start(), out, err);
    }

    /** Whoever starts the tests in the background of a shell has its processes ignore Ctrl-C, and theirs. */
    private static List<String> withInterrupts() throws IOException, InterruptedException {
        List<String> env = List.of("/usr/bin/env", "--default-signal=INT");
        if (!Files.isExecutable(Path.of(env.get(0)))) {
            return List.of();
        }
        Process tried = new ProcessBuilder(env.get(0), env.get(1), "true")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return tried.waitFor() == 0 ? env : List.of();
    }

    /** Sends it a signal, by its name without {@code SIG}: {@code INT} is what Ctrl-C sends. */
    void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
                .start()
                .waitFor();
    }

    /** Whether it has ended, now or a moment from now. */
    boolean hasEnded() {
        try {
            return process.waitFor(MOMENT_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while a process was waited for", e);
        }
    }

    /** Waits for its end, which a test that hangs would wait for in vain. */
    CommandLineRun await() throws InterruptedException {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("The process did not end; it said\n" + read(out) + read(err));
        }
        return new CommandLineRun(process.exitValue(), read(out), read(err));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
