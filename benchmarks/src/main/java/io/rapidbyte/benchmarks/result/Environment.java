// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.result;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * Where and of what an iteration was measured.
 *
 * @param commit the commit of the measured code, in full; {@code unknown} outside of a repository
 * @param branch its branch, or {@code HEAD} when it is none
 * @param dirty whether the working tree differed from the commit
 * @param jdk version of the JVM that ran the contender
 * @param cpu the processor's model
 * @param cores processors that the JVM saw
 * @param memoryBytes physical memory
 * @param os name, version and architecture of the operating system
 * @param postgres version of the database server
 * @param runner the Beam runner, {@code direct} or {@code flink}; {@code none} for a contender without Beam
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record Environment(
        String commit,
        String branch,
        boolean dirty,
        String jdk,
        String cpu,
        int cores,
        long memoryBytes,
        String os,
        String postgres,
        String runner) {

    /** Ends the version of a tree that differed from its commit. */
    public static final String DIRTY = "-dirty";

    /** What was measured: the commit, with {@link #DIRTY} behind it when the working tree differed from it. */
    public String version() {
        return dirty ? commit + DIRTY : commit;
    }

    /** The same place with another runner. */
    public Environment withRunner(String otherRunner) {
        return new Environment(commit, branch, dirty, jdk, cpu, cores, memoryBytes, os, postgres, otherRunner);
    }
}
