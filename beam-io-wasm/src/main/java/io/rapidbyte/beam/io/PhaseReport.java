// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.io.Serializable;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where a side's time went. Threads that worked side by side add up, so that a whole may be longer than the run.
 *
 * @param wholeNanos the time measured around everything
 * @param phases nanoseconds by metric name, in the order in which they occur; they sum to the whole
 */
public record PhaseReport(long wholeNanos, Map<String, Long> phases) implements Serializable {
    /** Copies the map and keeps its order. */
    public PhaseReport {
        phases = Collections.unmodifiableMap(new LinkedHashMap<>(phases));
    }

    /** What the phases sum to. */
    public long sumNanos() {
        return phases.values().stream().mapToLong(Long::longValue).sum();
    }
}
