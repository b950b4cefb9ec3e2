// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import static io.rapidbyte.pipelines.state.SampleRuns.begun;
import static io.rapidbyte.pipelines.state.SampleRuns.completed;
import static io.rapidbyte.pipelines.state.SampleRuns.letter;
import static io.rapidbyte.pipelines.state.SampleRuns.run;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Another process that works on a store, and is killed by tests. */
final class StateProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;

    private StateProcess(Process process) {
        this.process = process;
        this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    static StateProcess start(StateLocation location, String... task) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                StateProcess.class.getName(),
                location.backend().name());
        builder.command().addAll(List.of(task));
        // Where the list of processes does not show it.
        builder.environment().put("STATE_CONNECTION", location.connection());
        return new StateProcess(
                builder.redirectError(ProcessBuilder.Redirect.INHERIT).start());
    }

    /** The next line that it writes, or null at its end. */
    String line() throws IOException {
        return output.readLine();
    }

    /** Ends it as {@code kill -9} does. */
    void kill() throws InterruptedException {
        // By its handle, which leaves open what it has written.
        process.toHandle().destroyForcibly();
        process.waitFor();
    }

    /** Waits for its end and returns its exit code. */
    int exit() throws InterruptedException {
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            throw new IllegalStateException("the process does not end");
        }
        return process.exitValue();
    }

    @Override
    public void close() throws InterruptedException {
        kill();
    }

    /** The other process itself. */
    public static void main(String[] arguments) throws IOException {
        StateLocation location =
                new StateLocation(StateLocation.Backend.valueOf(arguments[0]), System.getenv("STATE_CONNECTION"));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        switch (arguments[1]) {
            case "lock" -> {
                try (StateStore store = StateStores.open(location);
                        PipelineLock lock = store.lock(arguments[2])) {
                    out.println(lock.isHeld() ? "locked" : "lost");
                    System.in.read();
                } catch (PipelineBusyException e) {
                    out.println(e.getMessage());
                }
            }
            case "open" -> {
                try (StateStore store = StateStores.open(location)) {
                    store.begin(run(arguments[2], arguments[2]));
                    out.println("opened");
                }
            }
            case "runs" -> {
                int first = Integer.parseInt(arguments[2]);
                try (StateStore store = StateStores.open(location)) {
                    for (int n = first; ; n++) {
                        cycle(store, "shop", n);
                        out.println(n);
                    }
                }
            }
            default -> throw new IllegalArgumentException(arguments[1]);
        }
    }

    /** One run of two streams; all of its numbers are {@code n}. */
    static void cycle(StateStore store, String pipeline, int n) {
        String runId = pipeline + n;
        store.begin(run(pipeline, runId));
        for (String stream : List.of("orders", "users")) {
            store.plan(pipeline, begun(runId, stream));
            store.keep(List.of(letter(runId, stream, 1), letter(runId, stream, 2)));
            store.complete(runId, completed(stream, n, String.valueOf(n)));
        }
    }
}
