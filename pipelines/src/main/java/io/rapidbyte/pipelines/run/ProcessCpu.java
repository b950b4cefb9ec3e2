// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Map;

/** The processor time of this process, connectors and all; for runners that work in it. */
public final class ProcessCpu {
    /** Metric: processor time that the process took, in nanoseconds; cores that work side by side add up. */
    public static final String PROCESS_CPU = "process_cpu_nanos";
    /** Metric: processors that the process may use. */
    public static final String PROCESS_CORES = "process_cores";

    private final long start;

    private ProcessCpu(long start) {
        this.start = start;
    }

    /** Starts to measure. */
    public static ProcessCpu start() {
        return new ProcessCpu(now());
    }

    /** The two metrics since the start, by name; empty where the Java virtual machine does not tell. */
    public Map<String, Long> metrics() {
        long now = now();
        return start < 0 || now < 0
                ? Map.of()
                : Map.of(PROCESS_CPU, now - start, PROCESS_CORES, (long)
                        Runtime.getRuntime().availableProcessors());
    }

    private static long now() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system.getProcessCpuTime()
                : -1;
    }
}
