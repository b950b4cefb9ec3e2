// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import com.fasterxml.jackson.annotation.JsonCreator;

/**
 * How many threads a pipeline works with.
 *
 * @param threads at least 1, or 0 for {@code auto}
 */
public record Parallelism(int threads) {
    /** As many threads as the machine has processors. */
    public static final Parallelism AUTO = new Parallelism(0);

    @JsonCreator
    static Parallelism fromJson(Object value) {
        return value instanceof Number number ? new Parallelism(number.intValue()) : AUTO;
    }

    /**
     * Returns the number of threads on a machine with so many processors. It is at least 2 when nobody asked for a number:
     * reading and writing then overlap even on one processor, because either mostly waits for its server.
     */
    public int on(int processors) {
        return threads > 0 ? threads : Math.max(2, processors);
    }
}
