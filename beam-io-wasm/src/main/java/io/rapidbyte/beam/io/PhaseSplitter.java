// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Divides a measured time into phases that sum to it exactly. A phase gets no more than is left: what a
 * guest reports of itself may be any number.
 */
final class PhaseSplitter {
    private final Map<String, Long> phases = new LinkedHashMap<>();
    private long left;

    PhaseSplitter(long wholeNanos) {
        left = Math.max(0, wholeNanos);
    }

    /** Gives a phase these nanoseconds, or what is left if that is less; returns what it got. */
    long take(String phase, long nanos) {
        long taken = Math.max(0, Math.min(nanos, left));
        phases.merge(phase, taken, Long::sum);
        left -= taken;
        return taken;
    }

    /** Gives a phase all that is left, and returns the phases. */
    Map<String, Long> rest(String phase) {
        take(phase, left);
        return phases;
    }
}
