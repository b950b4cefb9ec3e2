// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.Serializable;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What an instance has done so far: a snapshot. Timings and counters only grow over an instance's life.
 *
 * <p>Names: one for each host function ({@code emit_batch}, {@code tcp_read}, …), one for each lifecycle call
 * ({@code rb_read}, …), {@link #GUEST} for the time inside of lifecycle calls that no host function accounts for,
 * {@code module_parse}, {@code module_compile} and {@code module_instantiate}, and the durations that the guest itself
 * reports under its own names. The lifecycle calls' nanoseconds are the sum of the guest's and the host functions'.
 */
public final class Timings implements Serializable {
    private static final long serialVersionUID = 1L;

    /** The time inside of lifecycle calls that no host function accounts for. */
    public static final String GUEST = "guest";

    /** No time, no counts. */
    public static final Timings EMPTY = new Timings(Map.of(), Map.of(), Map.of());

    private final TreeMap<String, Timing> timings;
    private final TreeMap<String, Long> counters;
    private final TreeMap<String, Long> gauges;

    Timings(Map<String, Timing> timings, Map<String, Long> counters, Map<String, Long> gauges) {
        this.timings = new TreeMap<>(timings);
        this.counters = new TreeMap<>(counters);
        this.gauges = new TreeMap<>(gauges);
    }

    /** All timings by name, sorted. */
    public Map<String, Timing> timings() {
        return Collections.unmodifiableMap(timings);
    }

    /** The counters that the guest keeps, by name, sorted. */
    public Map<String, Long> counters() {
        return Collections.unmodifiableMap(counters);
    }

    /** The gauges that the guest set, by name, sorted. */
    public Map<String, Long> gauges() {
        return Collections.unmodifiableMap(gauges);
    }

    /** One timing; {@link Timing#ZERO} for a name that never occurred. */
    public Timing get(String name) {
        return timings.getOrDefault(name, Timing.ZERO);
    }

    /** What was added since an earlier snapshot of the same instance. Gauges keep their present values. */
    public Timings minus(Timings earlier) {
        TreeMap<String, Timing> timingsSince = new TreeMap<>();
        timings.forEach((name, timing) -> timingsSince.put(name, timing.minus(earlier.get(name))));
        TreeMap<String, Long> countersSince = new TreeMap<>();
        counters.forEach((name, value) -> countersSince.put(name, value - earlier.counters.getOrDefault(name, 0L)));
        return new Timings(timingsSince, countersSince, gauges);
    }

    /** The sum of both, for instances that worked side by side. Of gauges, the other's value holds. */
    public Timings plus(Timings other) {
        TreeMap<String, Timing> timingSums = new TreeMap<>(timings);
        other.timings.forEach((name, timing) -> timingSums.merge(name, timing, Timing::plus));
        TreeMap<String, Long> counterSums = new TreeMap<>(counters);
        other.counters.forEach((name, value) -> counterSums.merge(name, value, Long::sum));
        TreeMap<String, Long> latest = new TreeMap<>(gauges);
        latest.putAll(other.gauges);
        return new Timings(timingSums, counterSums, latest);
    }

    @Override
    public String toString() {
        return "Timings" + timings + counters + gauges;
    }
}
