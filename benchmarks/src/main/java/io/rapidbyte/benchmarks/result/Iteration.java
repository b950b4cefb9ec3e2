// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.result;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.rapidbyte.benchmarks.scenario.Measure;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import javax.annotation.Nullable;

/**
 * One measured copy of a table: one line of a results file. Its target was compared with its source, and was equal; a copy that is not
 * ends the run instead.
 *
 * @param run what all iterations of one start of the harness share; sorts by time
 * @param time when the iteration began, ISO 8601 in UTC
 * @param scenario the scenario's name
 * @param profile the table: {@code small}, {@code medium} or {@code large}
 * @param rows rows copied
 * @param tableBytes bytes of the source table on disk, with its out-of-line values, without indexes
 * @param contender which way to copy
 * @param label the contender with its settings, unique within the scenario
 * @param settings those settings of the contender that are not its defaults, by name
 * @param measure what {@code seconds} covers
 * @param iteration from 1; warm-up is not counted
 * @param seconds wall time
 * @param figures what the contender told of itself
 * @param environment where it was measured
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Iteration(
        String run,
        String time,
        String scenario,
        String profile,
        long rows,
        long tableBytes,
        String contender,
        String label,
        SortedMap<String, String> settings,
        Measure measure,
        int iteration,
        double seconds,
        Figures figures,
        Environment environment) {

    private static final double BYTES_PER_MB = 1e6;

    public Iteration {
        settings = Collections.unmodifiableSortedMap(settings == null ? new TreeMap<>() : new TreeMap<>(settings));
    }

    /** Rows per second of wall time. */
    @JsonProperty(access = JsonProperty.Access.READ_ONLY)
    public double rowsPerSecond() {
        return rows / seconds;
    }

    /** Megabytes (10^6) of the source table per second of wall time. */
    @JsonProperty(access = JsonProperty.Access.READ_ONLY)
    public double mbPerSecond() {
        return tableBytes / BYTES_PER_MB / seconds;
    }

    /** Whether everything is there that a comparison of iterations needs. */
    @JsonIgnore
    boolean isWhole() {
        return run != null
                && scenario != null
                && profile != null
                && contender != null
                && label != null
                && measure != null
                && figures != null
                && environment != null
                && seconds > 0;
    }

    /**
     * What a contender told of itself. What one has no figure for is absent.
     *
     * @param processCpuSeconds processor time of the contender's process, user and system
     * @param machineCpuSeconds processor time of the whole machine, with the database server
     * @param peakRssBytes most memory the contender's process had resident
     * @param gcSeconds time its garbage collector stopped or ran, as the JVM's beans count it
     * @param gcCount collections
     * @param crossings calls from guests into the host
     * @param phases seconds by phase, under the names of the metrics without {@code _nanos}; threads that work side by side add up
     * @param counts everything that was counted, under the names of the metrics
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Figures(
            @Nullable Double processCpuSeconds,
            @Nullable Double machineCpuSeconds,
            @Nullable Long peakRssBytes,
            @Nullable Double gcSeconds,
            @Nullable Long gcCount,
            @Nullable Long crossings,
            Map<String, Double> phases,
            Map<String, Long> counts) {
        public Figures {
            phases = Collections.unmodifiableSortedMap(phases == null ? new TreeMap<>() : new TreeMap<>(phases));
            counts = Collections.unmodifiableSortedMap(counts == null ? new TreeMap<>() : new TreeMap<>(counts));
        }

        /** The same figures with the processor time of the whole machine. */
        public Figures withMachineCpuSeconds(@Nullable Double machineSeconds) {
            return new Figures(
                    processCpuSeconds, machineSeconds, peakRssBytes, gcSeconds, gcCount, crossings, phases, counts);
        }
    }
}
