// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The writers of this process that are at work, by run. A runner that fails or cancels a pipeline does not wait for the bundles that are still
 * in the works; whoever removes what the run left behind has to, or they would make it anew.
 */
public final class LocalWriters {
    private static final Map<String, Set<StreamWriter>> AT_WORK = new HashMap<>();
    private static final Set<String> ENDED = new HashSet<>();

    private LocalWriters() {}

    /**
     * Ends a run in this process: its writers roll back, and no other one begins.
     *
     * @param runId the run
     * @param patience how long to wait for the writers at work
     * @return whether all of them are gone
     */
    public static boolean end(String runId, Duration patience) throws InterruptedException {
        List<StreamWriter> writers;
        synchronized (AT_WORK) {
            ENDED.add(runId);
            writers = List.copyOf(AT_WORK.getOrDefault(runId, Set.of()));
        }
        writers.forEach(StreamWriter::giveUp);
        long deadline = System.nanoTime() + patience.toNanos();
        synchronized (AT_WORK) {
            while (AT_WORK.containsKey(runId)) {
                long millis = (deadline - System.nanoTime()) / 1_000_000;
                if (millis <= 0) {
                    return false;
                }
                AT_WORK.wait(millis);
            }
            return true;
        }
    }

    /** Whether a writer may begin. */
    static boolean enter(String runId, StreamWriter writer) {
        synchronized (AT_WORK) {
            return !ENDED.contains(runId)
                    && AT_WORK.computeIfAbsent(runId, any -> new HashSet<>()).add(writer);
        }
    }

    static void leave(String runId, StreamWriter writer) {
        synchronized (AT_WORK) {
            Set<StreamWriter> writers = AT_WORK.get(runId);
            if (writers != null && writers.remove(writer) && writers.isEmpty()) {
                AT_WORK.remove(runId);
            }
            AT_WORK.notifyAll();
        }
    }
}
