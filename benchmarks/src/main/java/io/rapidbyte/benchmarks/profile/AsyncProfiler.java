// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.profile;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import one.profiler.AsyncProfilerLoader;

/**
 * Samples where a JVM spends processor time: one that is started with {@link #agentArguments}, or one that runs already, over the window
 * between {@link #start} and {@link #dump}. What it writes is for {@link FlameGraph#read}.
 */
public final class AsyncProfiler {
    /** How much processor time of a thread lies between two samples of it. */
    public static final Duration INTERVAL = Duration.ofMillis(1);

    /** Counts processor time, and sees what the kernel does for a thread. */
    private static final String CPU = "cpu";

    /** Counts processor time by a timer of the process, for machines that do not allow the other. */
    private static final String TIMER = "itimer";

    /**
     * Without these the JVM knows only at calls and loops which of the methods it merged it is in, and samples go to a
     * neighbour.
     */
    private static final List<String> PRECISE = List.of("-XX:+UnlockDiagnosticVMOptions", "-XX:+DebugNonSafepoints");

    private final Path library;
    private final String event;
    private final String note;

    private AsyncProfiler(Path library, String event, String note) {
        this.library = library;
        this.event = event;
        this.note = note;
    }

    /**
     * Unpacks the profiler and finds out, by sampling this process for a moment, what the machine allows.
     *
     * @throws IOException when the profiler has no library for this platform, or nothing is allowed
     */
    public static AsyncProfiler find() throws IOException {
        if (!AsyncProfilerLoader.isSupported()) {
            throw new IOException("There is no async-profiler for this platform (" + System.getProperty("os.name")
                    + ", " + System.getProperty("os.arch") + "): profile on Linux or macOS.");
        }
        Path library = AsyncProfilerLoader.getAsyncProfilerPath();
        one.profiler.AsyncProfiler here = one.profiler.AsyncProfiler.getInstance(library.toString());
        try {
            probe(here, CPU);
            return new AsyncProfiler(library, CPU, null);
        } catch (IllegalStateException | IOException refused) {
            probeTimer(here, refused);
            return new AsyncProfiler(
                    library,
                    TIMER,
                    "This machine does not let the profiler see the kernel (" + refused.getMessage()
                            + "), so a timer of the process is used: what the kernel does for a thread counts for the call it made.");
        }
    }

    private static void probeTimer(one.profiler.AsyncProfiler here, Exception refused) throws IOException {
        try {
            probe(here, TIMER);
        } catch (IllegalStateException e) {
            e.addSuppressed(refused);
            throw new IOException("This machine does not allow sampling: " + e.getMessage(), e);
        }
    }

    private static void probe(one.profiler.AsyncProfiler here, String event) throws IOException {
        here.execute("start,event=" + event + ",interval=" + INTERVAL.toNanos());
        here.stop();
    }

    /** What is sampled: {@code cpu} or {@code itimer}. */
    public String event() {
        return event;
    }

    /** What a reader of the profile should know about how it was made; empty when there is nothing. */
    public Optional<String> note() {
        return Optional.ofNullable(note);
    }

    /**
     * The arguments of a JVM that samples itself from its start to its end and then writes its stacks to a file, each below the name of
     * its thread.
     *
     * @param collapsedOut an absolute path without commas, which separate the profiler's options
     */
    public List<String> agentArguments(Path collapsedOut) {
        if (!collapsedOut.isAbsolute() || collapsedOut.toString().contains(",")) {
            throw new IllegalArgumentException(
                    "The profiler needs an absolute path without commas, not " + collapsedOut + ".");
        }
        List<String> arguments = new ArrayList<>(PRECISE);
        arguments.add("-agentpath:" + library + "=start,event=" + event + ",interval=" + INTERVAL.toNanos()
                + ",threads,ann,quiet,collapsed,file=" + collapsedOut);
        return arguments;
    }

    /** The arguments that a JVM should be started with when a window of it is to be sampled later. */
    public static List<String> preciseArguments() {
        return PRECISE;
    }

    /**
     * Begins to sample a JVM that runs on this machine under the same user.
     *
     * @param pid its process id
     * @throws IOException when there is no such JVM, or it cannot be sampled
     */
    public void start(long pid) throws IOException {
        AsyncProfilerLoader.executeProfiler(
                "start", "-e", event, "-i", String.valueOf(INTERVAL.toNanos()), "-t", String.valueOf(pid));
    }

    /**
     * Ends the window that {@link #start} began: stops sampling, and has the JVM write its stacks to a file.
     *
     * @param pid its process id
     * @param collapsedOut an absolute path
     * @throws IOException when the JVM is gone or was not sampled
     */
    public void dump(long pid, Path collapsedOut) throws IOException {
        if (!collapsedOut.isAbsolute()) {
            throw new IllegalArgumentException(
                    "The other process has another folder to write to: an absolute path is needed, not " + collapsedOut
                            + ".");
        }
        AsyncProfilerLoader.executeProfiler(
                "stop", "-o", "collapsed", "-a", "-f", collapsedOut.toString(), String.valueOf(pid));
    }
}
