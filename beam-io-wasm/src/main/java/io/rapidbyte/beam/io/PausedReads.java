// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The reads of this process that wait in the midst of a unit for the bundle that goes on with it. */
final class PausedReads {
    private static final Map<Key, PausableRead> PAUSED = new HashMap<>();

    /**
     * Where a read is paused.
     *
     * @param step the step of the graph that reads
     * @param stream the stream's name
     * @param unit the unit it is in the midst of
     */
    record Key(String step, String stream, long unit) {}

    private final Set<Key> mine = ConcurrentHashMap.newKeySet();

    /** Leaves a read to whoever goes on with it. */
    void put(Key key, PausableRead read) {
        synchronized (PAUSED) {
            PAUSED.put(key, read);
        }
        mine.add(key);
    }

    /** The read that is paused there; null when there is none. */
    static PausableRead take(Key key) {
        synchronized (PAUSED) {
            return PAUSED.remove(key);
        }
    }

    /** Ends those that were left here and that nobody has gone on with. */
    void cancel() {
        for (Key key : mine) {
            PausableRead read = take(key);
            if (read != null) {
                read.cancel();
            }
        }
        mine.clear();
    }
}
