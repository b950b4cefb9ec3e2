// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static io.rapidbyte.wasm.HostFunctions.type;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** {@code metric}: what the guest counts itself. */
final class MetricImports {
    private static final int COUNTER = 0;
    private static final int GAUGE = 1;
    private static final int DURATION = 2;

    private static final int MAX_NAMES = 256;
    private static final int MAX_NAME_BYTES = 64;
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]*");

    private final GuestMemory memory;
    private final TimingRecorder timings;
    private final Set<String> reserved;
    private final Map<String, Integer> kinds = new HashMap<>();

    private MetricImports(GuestMemory memory, TimingRecorder timings, Set<String> reserved) {
        this.memory = memory;
        this.timings = timings;
        this.reserved = reserved;
    }

    /** Adds the function; it must be the last, because the names of the others are not the guest's to use. */
    static void addTo(HostFunctions functions, GuestMemory memory, TimingRecorder timings) {
        Set<String> reserved = new HashSet<>(Set.of(
                Timings.GUEST,
                "metric",
                "module_parse",
                "module_compile",
                "module_instantiate",
                "rb_alloc",
                "rb_free"));
        functions.all().forEach(function -> reserved.add(function.name()));
        for (LifecycleCall call : LifecycleCall.values()) {
            reserved.add(call.export());
        }
        MetricImports imports = new MetricImports(memory, timings, reserved);
        functions.add(
                "metric",
                type("iiil", "i"),
                HostFunctions.ALWAYS,
                HostFunctions.Progress.NEVER,
                arguments -> imports.metric((int) arguments[0], arguments[1], arguments[2], arguments[3]));
    }

    private long metric(int kind, long namePointer, long nameLength, long value) throws ImportFailure {
        if ((nameLength & 0xFFFF_FFFFL) > MAX_NAME_BYTES) {
            throw ImportFailure.badArgument("A metric's name has at most " + MAX_NAME_BYTES + " bytes");
        }
        String name = memory.readText(namePointer, nameLength);
        Integer known = kinds.get(name);
        if (known == null) {
            register(name, kind);
        } else if (known != kind) {
            throw ImportFailure.badArgument("The metric " + name + " has been of another kind before");
        }
        switch (kind) {
            case COUNTER -> timings.counter(name).addAndGet(requireNotNegative(name, value));
            case GAUGE -> timings.gauge(name).set(value);
            default -> timings.timing(name).add(requireNotNegative(name, value));
        }
        return 0;
    }

    private void register(String name, int kind) throws ImportFailure {
        if (kind != COUNTER && kind != GAUGE && kind != DURATION) {
            throw ImportFailure.badArgument("A metric has no kind " + kind);
        }
        if (!NAME.matcher(name).matches()) {
            throw ImportFailure.badArgument("A metric's name is lower-case letters, digits and underscores");
        }
        if (reserved.contains(name)) {
            throw ImportFailure.badArgument("The metric name " + name + " is the host's own");
        }
        if (kinds.size() >= MAX_NAMES) {
            throw ImportFailure.badArgument("An instance has at most " + MAX_NAMES + " metrics");
        }
        kinds.put(name, kind);
    }

    private static long requireNotNegative(String name, long value) throws ImportFailure {
        if (value < 0) {
            throw ImportFailure.badArgument("The metric " + name + " only grows, and " + value + " is negative");
        }
        return value;
    }
}
