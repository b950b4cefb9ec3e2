// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.contender;

import io.rapidbyte.benchmarks.scenario.Setting;
import io.rapidbyte.benchmarks.scenario.Settings;
import java.util.Map;
import java.util.Set;

/** One way to copy a table. */
public interface Contender {
    /** What scenarios and reports call it. */
    String name();

    /** One line for people. */
    String description();

    /** Which settings it knows; others are refused. */
    Set<Setting> settings();

    /** Whether it copies by starting programs of its own, so that it needs no process of the harness around it. */
    default boolean startsPrograms() {
        return false;
    }

    /**
     * Copies all rows of the source table into the target table, which exists, has the same columns and is empty. Returns once every row is
     * committed.
     *
     * @throws Exception when the copy failed
     */
    Outcome copy(TableCopy copy, Settings settings) throws Exception;

    /**
     * What a contender knows of its copy beside that it is done.
     *
     * @param runner {@code direct}, {@code flink} or {@code none}
     * @param metrics its own metrics by name; those in {@code _nanos} are nanoseconds
     * @param peakRssBytes of the program that it started, if it did and knows; 0 otherwise
     */
    record Outcome(String runner, Map<String, Long> metrics, long peakRssBytes) {
        /** Nothing is known of a copy without Beam. */
        public static final Outcome PLAIN = new Outcome("none", Map.of(), 0);

        /** Of a copy by a runner, without metrics. */
        public static Outcome of(String runner) {
            return new Outcome(runner, Map.of(), 0);
        }
    }
}
