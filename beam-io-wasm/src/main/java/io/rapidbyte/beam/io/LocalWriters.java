// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.ConnectorException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is at work in this process on the targets of a run: its writers, and what finalizes its streams. A runner that fails or cancels a
 * pipeline does not wait for the bundles that are still in the works; whoever removes what the run left behind has to, or they would make it
 * anew.
 */
public final class LocalWriters {
    private static final Map<String, Set<Work>> AT_WORK = new HashMap<>();
    private static final Set<String> ENDED = new HashSet<>();

    private LocalWriters() {}

    /** Something that changes a run's targets. */
    interface Work {
        /** Makes it roll back and end, soon; called on any thread. */
        void giveUp();
    }

    /**
     * Ends a run in this process: what is at work rolls back, and nothing else begins until {@link #forget} is called.
     *
     * @param runId the run
     * @param patience how long to wait for what is at work
     * @return whether all of it is gone
     */
    public static boolean end(String runId, Duration patience) throws InterruptedException {
        List<Work> works;
        synchronized (AT_WORK) {
            ENDED.add(runId);
            works = List.copyOf(AT_WORK.getOrDefault(runId, Set.of()));
        }
        works.forEach(Work::giveUp);
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

    /**
     * Forgets that a run was ended, when all that it left behind is removed: a process may live through many runs.
     *
     * @param runId the run
     */
    public static void forget(String runId) {
        synchronized (AT_WORK) {
            ENDED.remove(runId);
        }
    }

    /**
     * Lets work begin.
     *
     * @throws ConnectorException when its run has ended
     */
    static void enter(String runId, Work work, String connector, String stream) {
        synchronized (AT_WORK) {
            if (ENDED.contains(runId)) {
                throw new ConnectorException(
                        connector,
                        ConnectorError.of(
                                Category.CANCELLED,
                                "run_ended",
                                "Stream " + stream + " is not written any more: its run has ended."));
            }
            AT_WORK.computeIfAbsent(runId, any -> new HashSet<>()).add(work);
        }
    }

    static void leave(String runId, Work work) {
        synchronized (AT_WORK) {
            Set<Work> works = AT_WORK.get(runId);
            if (works != null && works.remove(work) && works.isEmpty()) {
                AT_WORK.remove(runId);
            }
            AT_WORK.notifyAll();
        }
    }
}
