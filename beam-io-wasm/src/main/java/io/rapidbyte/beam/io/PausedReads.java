// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** The reads of this process that wait in the midst of a unit for the bundle that goes on with it. */
final class PausedReads {
    private static final Map<Key, PausableRead> PAUSED = new HashMap<>();

    /** Where reads were given up that nobody had gone on with: what they have emitted is with the runner, and must not come again. */
    private static final Set<Key> GIVEN_UP = new HashSet<>();

    /**
     * Where a read is paused.
     *
     * @param step the step of the graph that reads, and the run that its execution is
     * @param element what tells the planned stream, as one element of one run, from all others
     * @param unit the unit it is in the midst of
     */
    record Key(String step, String element, long unit) {}

    // Both belong to whoever holds the lock on PAUSED.
    private final Map<Key, PausableRead> mine = new HashMap<>();
    private boolean closed;

    /**
     * Leaves a read to whoever goes on with it.
     *
     * @throws IllegalStateException when another read is paused there, or nobody will go on with this one; it has been cancelled then
     */
    void put(Key key, PausableRead read) {
        boolean kept;
        synchronized (PAUSED) {
            kept = !closed && PAUSED.putIfAbsent(key, read) == null;
            if (kept) {
                mine.put(key, read);
            }
        }
        if (!kept) {
            read.cancel();
            throw new IllegalStateException("A read was paused in unit " + key.unit()
                    + ", and nobody can go on with it: its step has ended, or another read is paused there.");
        }
    }

    /**
     * The read that is paused there; null when there is none.
     *
     * @throws IllegalStateException when there was one, and it was given up
     */
    static PausableRead take(Key key) {
        synchronized (PAUSED) {
            if (GIVEN_UP.remove(key)) {
                throw new IllegalStateException(
                        "Unit " + key.unit() + " was read in part, and the read was given up: start the run again.");
            }
            return PAUSED.remove(key);
        }
    }

    /** Ends those that were left here and that nobody has gone on with. */
    void cancel() {
        Map<Key, PausableRead> left = new HashMap<>();
        synchronized (PAUSED) {
            closed = true;
            mine.forEach((key, read) -> {
                // Another copy of the step may have taken it and paused again under the same key.
                if (PAUSED.remove(key, read)) {
                    GIVEN_UP.add(key);
                    left.put(key, read);
                }
            });
            mine.clear();
        }
        left.values().forEach(PausableRead::cancel);
    }
}
