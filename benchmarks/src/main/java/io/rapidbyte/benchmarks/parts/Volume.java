// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.parts;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Counts the bytes of frames that pass, for benchmarks of throughput. */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Volume {
    private static final double BYTES_PER_MB = 1e6;

    /** Megabytes (10^6); JMH reports them a second. */
    public double megabytes;

    void add(long bytes) {
        megabytes += bytes / BYTES_PER_MB;
    }
}
