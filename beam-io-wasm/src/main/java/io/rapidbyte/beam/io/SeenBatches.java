// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Which batches of a stream a bundle had. A bundle can be all that a worker reads: batches that come in the order of their unit cost one entry
 * for the unit, and only those that come before others of it have one of their own.
 */
final class SeenBatches {
    /** By unit: all batches below this number were seen. */
    private final Map<Long, Integer> next = new HashMap<>();

    private final Set<Ahead> ahead = new HashSet<>();

    /** A batch before which another one is missing. */
    private record Ahead(long unit, int sequence) {}

    /** Adds a batch; false when it was there. */
    boolean add(BatchId id) {
        int expected = next.getOrDefault(id.unit(), 0);
        if (id.sequence() != expected) {
            return id.sequence() > expected && ahead.add(new Ahead(id.unit(), id.sequence()));
        }
        do {
            expected++;
        } while (!ahead.isEmpty() && ahead.remove(new Ahead(id.unit(), expected)));
        next.put(id.unit(), expected);
        return true;
    }
}
