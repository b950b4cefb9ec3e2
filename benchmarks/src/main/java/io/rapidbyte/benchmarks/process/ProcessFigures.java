// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.process;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What this process, or the machine, has used so far. What the system does not tell is 0: memory and the machine's processor time are
 * read from Linux's {@code /proc}.
 */
public final class ProcessFigures {
    private static final double NANOS_PER_SECOND = 1e9;
    private static final double MILLIS_PER_SECOND = 1e3;
    /** What {@code /proc/stat} counts in: USER_HZ, which is 100 on every platform that Java runs on. */
    private static final double TICKS_PER_SECOND = 100;

    private static final long BYTES_PER_KB = 1024;

    private ProcessFigures() {}

    /** Processor time of this process, user and system, in seconds. */
    public static double cpuSeconds() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime() / NANOS_PER_SECOND;
    }

    /** Time of this JVM's garbage collector, in seconds. */
    public static double gcSeconds() {
        return collectors().stream()
                        .mapToLong(GarbageCollectorMXBean::getCollectionTime)
                        .sum()
                / MILLIS_PER_SECOND;
    }

    /** Collections of this JVM's garbage collector. */
    public static long gcCount() {
        return collectors().stream()
                .mapToLong(GarbageCollectorMXBean::getCollectionCount)
                .sum();
    }

    private static List<GarbageCollectorMXBean> collectors() {
        return ManagementFactory.getGarbageCollectorMXBeans();
    }

    /** Processor time of the whole machine that was not idle, in seconds since it started. */
    public static double machineCpuSeconds() {
        try {
            String[] fields =
                    Files.readAllLines(Path.of("/proc/stat")).get(0).trim().split("\\s+");
            long busy = 0;
            for (int i = 1; i < fields.length && i <= 8; i++) {
                // The fourth is idle, the fifth waiting for a disk.
                busy += i == 4 || i == 5 ? 0 : Long.parseLong(fields[i]);
            }
            return busy / TICKS_PER_SECOND;
        } catch (IOException | RuntimeException e) {
            return 0;
        }
    }

    /** Forgets this process's peak of resident memory, so that the next one is of what follows. */
    public static void resetPeakRss() {
        try {
            Files.writeString(Path.of("/proc/self/clear_refs"), "5");
        } catch (IOException | RuntimeException e) {
            // Then the peak is the one since the process began, which is still an upper bound.
            return;
        }
    }

    /** Most memory this process had resident, in bytes. */
    public static long peakRssBytes() {
        return peak(Path.of("/proc/self/status"));
    }

    /** Most memory another process had resident so far, in bytes; 0 when it has ended. */
    public static long peakRssBytes(long pid) {
        return peak(Path.of("/proc/" + pid + "/status"));
    }

    private static long peak(Path status) {
        try {
            return Files.readAllLines(status).stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * BYTES_PER_KB)
                    .findFirst()
                    .orElse(0);
        } catch (IOException | RuntimeException e) {
            return 0;
        }
    }
}
