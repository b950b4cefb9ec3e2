// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Where an instance counts. Its thread writes, any thread takes snapshots. */
final class TimingRecorder {

    /** One timing. A single thread adds, so a release store is enough for readers to see whole values. */
    static final class Entry {
        private final AtomicLong count = new AtomicLong();
        private final AtomicLong nanos = new AtomicLong();
        private final AtomicLong bytes = new AtomicLong();

        void add(long moreNanos) {
            count.setRelease(count.getPlain() + 1);
            addNanos(moreNanos);
        }

        void addNanos(long moreNanos) {
            nanos.setRelease(nanos.getPlain() + moreNanos);
        }

        void addBytes(long moreBytes) {
            bytes.setRelease(bytes.getPlain() + moreBytes);
        }

        private Timing snapshot() {
            return new Timing(count.getAcquire(), nanos.getAcquire(), bytes.getAcquire());
        }
    }

    private final Map<String, Entry> timings = new ConcurrentHashMap<>();
    private final Map<String, AtomicLong> counters = new ConcurrentHashMap<>();
    private final Map<String, AtomicLong> gauges = new ConcurrentHashMap<>();

    Entry timing(String name) {
        return timings.computeIfAbsent(name, any -> new Entry());
    }

    AtomicLong counter(String name) {
        return counters.computeIfAbsent(name, any -> new AtomicLong());
    }

    AtomicLong gauge(String name) {
        return gauges.computeIfAbsent(name, any -> new AtomicLong());
    }

    Timings snapshot() {
        Map<String, Timing> timingValues = new HashMap<>();
        timings.forEach((name, entry) -> {
            Timing timing = entry.snapshot();
            if (timing.count() != 0 || timing.nanos() != 0) {
                timingValues.put(name, timing);
            }
        });
        return new Timings(timingValues, values(counters), values(gauges));
    }

    private static Map<String, Long> values(Map<String, AtomicLong> from) {
        Map<String, Long> values = new HashMap<>();
        from.forEach((name, value) -> values.put(name, value.get()));
        return values;
    }
}
