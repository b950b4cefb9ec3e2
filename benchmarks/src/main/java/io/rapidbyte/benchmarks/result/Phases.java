// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.result;

import io.rapidbyte.beam.io.RapidbyteMetrics;
import io.rapidbyte.beam.io.StreamReport;
import io.rapidbyte.pipelines.cli.PhaseNames;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/** The phases of an iteration, by the names that results have: those of the metrics without {@code _nanos}. */
public final class Phases {
    /** Loading modules. */
    public static final String MODULE_LOAD = name(RapidbyteMetrics.MODULE_LOAD);

    private static final String NANOS = "_nanos";
    private static final StreamReport NOTHING = new StreamReport("", new TreeMap<>());

    /** The phases of reading, in the order in which they occur; they sum to the whole of it. */
    public static final List<String> READING =
            NOTHING.read().phases().keySet().stream().map(Phases::name).toList();

    /** The phases of writing, in the order in which they occur; they sum to the whole of it. */
    public static final List<String> WRITING =
            NOTHING.write().phases().keySet().stream().map(Phases::name).toList();

    // Sums of other phases.
    private static final Set<String> WHOLES = Set.of(
            name(RapidbyteMetrics.SOURCE_READ),
            name(RapidbyteMetrics.DEST_WRITE),
            name(RapidbyteMetrics.DEST_RECV_PROCESS));

    private static final Set<String> WAITS = Set.of(
            name(RapidbyteMetrics.DEST_RECV_WAIT),
            name(RapidbyteMetrics.SINK_ENQUEUE_WAIT),
            name(RapidbyteMetrics.SINK_COMMIT_WAIT));

    private Phases() {}

    /**
     * Whether a phase is work: no sum of other phases, no part of one (a host function), and no wait for the other side, which grows when
     * that side has become faster or slower.
     */
    public static boolean isWork(String phase) {
        return !WHOLES.contains(phase) && !WAITS.contains(phase) && !phase.contains("_host_");
    }

    /** What people call a phase, without the side: {@code connect}. */
    public static String title(String phase) {
        String metric = phase + NANOS;
        String title = PhaseNames.of(metric);
        return title.equals(metric) ? phase.replace('_', ' ') : title;
    }

    /** What people call a phase, with the side when it has one: {@code reading: connect}. */
    public static String fullTitle(String phase) {
        String side = READING.contains(phase) ? "reading: " : WRITING.contains(phase) ? "writing: " : "";
        return side + title(phase);
    }

    private static String name(String metric) {
        return metric.endsWith(NANOS) ? metric.substring(0, metric.length() - NANOS.length()) : metric;
    }
}
