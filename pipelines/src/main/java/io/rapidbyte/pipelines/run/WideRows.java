// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.wasm.StreamPlan;
import java.util.List;

/** How many threads work on rows that are so wide that memory and not the processors is what there is too little of. */
final class WideRows {
    /** Rows below this size are many in a batch, and their number is no concern. */
    private static final long WIDE_ROW_BYTES = 4L << 20;

    /** How often a row is in memory for each thread that writes: waiting, and in the destination's memory, which is copied when it grows. */
    private static final int COPIES = 4;

    /** Fewer would not read while they write. */
    private static final int LEAST = 2;

    private WideRows() {}

    /**
     * The threads for a run.
     *
     * @param threads for rows that are not wide
     * @param plans the streams; of those whose source does not know their size none is taken to be wide
     * @param memory bytes of the heap, of which half is for writing
     */
    static int most(int threads, List<StreamPlan> plans, long memory) {
        long widest = plans.stream()
                .filter(plan -> plan.estimatedRows() > 0)
                .mapToLong(plan -> plan.estimatedBytes() / plan.estimatedRows())
                .max()
                .orElse(0);
        if (widest < WIDE_ROW_BYTES) {
            return threads;
        }
        return (int) Math.min(threads, Math.max(LEAST, memory / 2 / (COPIES * widest)));
    }
}
