// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.worker;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.benchmarks.contender.Contender;
import io.rapidbyte.benchmarks.contender.Contenders;
import io.rapidbyte.benchmarks.contender.RapidbyteCommand;
import io.rapidbyte.benchmarks.contender.RapidbyteCopy;
import io.rapidbyte.benchmarks.contender.TableCopy;
import io.rapidbyte.benchmarks.result.Iteration.Figures;
import io.rapidbyte.benchmarks.scenario.Scenario;
import io.rapidbyte.benchmarks.scenario.Setting;
import io.rapidbyte.benchmarks.scenario.Settings;
import io.rapidbyte.wasm.HostSettings;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A contender with its settings, in a process of its own unless it starts programs itself. One thread uses it. */
public final class Worker implements AutoCloseable {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final long PATIENCE_SECONDS = 20;

    /** What the launcher gives Rapidbyte's JVM; a peer has what Java gives everybody. */
    static final List<String> LAUNCHER_OPTIONS =
            List.of("-XX:MaxNewSize=128m", "-XX:GCTimeRatio=19", "-XX:FreqInlineSize=40", "-XX:InlineSmallCode=400");

    private static final double NANOS_PER_SECOND = 1e9;

    private final Scenario.Entry entry;
    private final Build build;
    private final List<String> jvmArguments;
    private final Contender contender;
    private final Path cache;

    private Process process;
    private BufferedReader replies;
    private Writer requests;

    /**
     * A copy that was made.
     *
     * @param seconds wall time
     * @param runner the Beam runner, or {@code none}
     * @param jdk version of the JVM that made it
     * @param figures what the contender told of itself
     */
    public record Copied(double seconds, String runner, String jdk, Figures figures) {}

    /**
     * A worker that has not started yet.
     *
     * @param build whose code copies
     * @param jvmArguments more arguments of the JVM
     * @throws IllegalArgumentException when there is no such contender, or it does not know a setting
     */
    public Worker(Scenario.Entry entry, Build build, List<String> jvmArguments) {
        this.entry = entry;
        this.build = build;
        this.jvmArguments = List.copyOf(jvmArguments);
        this.contender = Contenders.of(entry);
        this.cache = cacheFolder(entry.settings());
    }

    /** The contender and its settings. */
    public Scenario.Entry entry() {
        return entry;
    }

    /** Whether its contender starts programs, which may keep something on disk for the next. */
    public boolean startsPrograms() {
        return contender.startsPrograms();
    }

    /** Whose code it is. */
    public Build build() {
        return build;
    }

    /** The process identifier; only while it runs. */
    public long pid() {
        return process.pid();
    }

    /**
     * Copies in a process that stays for the next copy.
     *
     * @throws IOException when the copy failed; the message says why
     */
    public Copied copy(TableCopy copy) throws IOException {
        if (contender.startsPrograms()) {
            return inThisProcess(copy);
        }
        if (process == null) {
            start();
        }
        WorkerMain.Reply reply = ask(copy);
        return new Copied(reply.seconds(), reply.runner(), reply.jdk(), reply.figures());
    }

    /**
     * Copies in a new process; the time is from its start to its end.
     *
     * @throws IOException when the copy failed; the message says why
     */
    public Copied copyInNewProcess(TableCopy copy) throws IOException {
        if (contender.startsPrograms()) {
            return inThisProcess(copy);
        }
        if (entry.settings().text(Setting.CODE).orElse("").equals("cache_cold")) {
            empty(cache);
        }
        long start = System.nanoTime();
        start();
        WorkerMain.Reply reply = ask(copy);
        end();
        double seconds = (System.nanoTime() - start) / NANOS_PER_SECOND;
        return new Copied(seconds, reply.runner(), reply.jdk(), reply.figures());
    }

    private Copied inThisProcess(TableCopy copy) throws IOException {
        try {
            System.setProperty(RapidbyteCommand.TREE_PROPERTY, build.tree().toString());
            WorkerMain.Reply reply = WorkerMain.measure(
                    new WorkerMain.Request(entry.contender(), entry.settings().byName(), copy));
            return new Copied(reply.seconds(), reply.runner(), reply.jdk(), reply.figures());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (Exception e) {
            throw new IOException(entry.label() + " failed: " + e.getMessage(), e);
        }
    }

    private void start() throws IOException {
        Settings settings = entry.settings();
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseParallelGC",
                "--add-opens=java.base/java.nio=ALL-UNNAMED"));
        if (entry.contender().equals(RapidbyteCopy.NAME)) {
            command.addAll(LAUNCHER_OPTIONS);
        }
        settings.bytes(Setting.HEAP).ifPresent(bytes -> command.add("-Xmx" + bytes));
        settings.text(Setting.JAVA_OPTIONS).ifPresent(options -> command.addAll(List.of(options.split(" "))));
        command.addAll(jvmArguments);
        command.add("-cp");
        command.add(String.join(
                File.pathSeparator,
                build.classPath().stream().map(Path::toString).toList()));
        command.add(WorkerMain.class.getName());
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        settings.bytes(Setting.TCP_BUFFER)
                .ifPresent(bytes -> builder.environment().put(HostSettings.TCP_BUFFER_VARIABLE, Long.toString(bytes)));
        if (settings.text(Setting.CODE).orElse("").equals("interpreted")) {
            builder.environment().put(HostSettings.ENGINE_VARIABLE, "interpreted");
        }
        builder.environment().put(HostSettings.CACHE_DIRECTORY_VARIABLE, cache == null ? "off" : cache.toString());
        process = builder.start();
        replies = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        requests = process.outputWriter(StandardCharsets.UTF_8);
    }

    private WorkerMain.Reply ask(TableCopy copy) throws IOException {
        requests.write(MAPPER.writeValueAsString(new WorkerMain.Request(
                        entry.contender(), entry.settings().byName(), copy))
                + "\n");
        requests.flush();
        String line = replies.readLine();
        if (line == null) {
            throw new IOException("The process of " + entry.label() + " ended; its last words are above.");
        }
        WorkerMain.Reply reply;
        try {
            reply = MAPPER.readValue(line, WorkerMain.Reply.class);
        } catch (JsonProcessingException e) {
            throw new IOException("The process of " + entry.label() + " replied with something else: " + line, e);
        }
        if (reply.error() != null) {
            throw new IOException(entry.label() + " failed: " + reply.error());
        }
        return reply;
    }

    private void end() throws IOException {
        if (process == null) {
            return;
        }
        Process ending = process;
        process = null;
        requests.close();
        try {
            if (!ending.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                ending.destroyForcibly();
            }
        } catch (InterruptedException e) {
            ending.destroyForcibly();
            Thread.currentThread().interrupt();
        } finally {
            replies.close();
        }
    }

    @Override
    public void close() {
        try {
            end();
            if (cache != null) {
                empty(cache);
                Files.deleteIfExists(cache);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Compiled modules are kept only where that is what is measured. */
    private static Path cacheFolder(Settings settings) {
        if (!settings.text(Setting.CODE).orElse("").startsWith("cache_")) {
            return null;
        }
        try {
            return Files.createTempDirectory("rapidbyte-benchmark-cache-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void empty(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                if (!file.equals(folder)) {
                    Files.delete(file);
                }
            }
        }
    }
}
