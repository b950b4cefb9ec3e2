// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static java.util.Objects.requireNonNull;

import io.rapidbyte.wasm.StreamPlan;
import java.io.Serializable;
import java.util.List;
import java.util.UUID;
import javax.annotation.Nullable;
import org.apache.beam.sdk.io.range.OffsetRange;

/**
 * A stream with all that its reading step needs to know.
 *
 * @param plan how the source reads it
 * @param units which of the plan's units are read
 * @param bundleBytes after how many bytes of output a bundle of it ends
 * @param id what tells it from all other planned streams, those of the same name included
 * @param runId the run that reads it; null when only the step that reads it knows. It is here and not only with the options of the execution because a runner that
 *     goes on from a state that was kept, in a new execution, goes on with the elements of that state: what they were read as, they are
 */
record PlannedStream(
        StreamPlan plan,
        OffsetRange units,
        long bundleBytes,
        String id,
        @Nullable String runId) implements Serializable {
    PlannedStream {
        requireNonNull(plan, "plan");
        requireNonNull(units, "units");
        requireNonNull(id, "id");
    }

    PlannedStream(StreamPlan plan, long bundleBytes) {
        this(
                plan,
                new OffsetRange(0, plan.units()),
                bundleBytes,
                UUID.randomUUID().toString(),
                null);
    }

    /** This as a part of a run, when that is known. */
    PlannedStream inRun(@Nullable String run) {
        return new PlannedStream(plan, units, bundleBytes, id, run);
    }

    /** A part of this, which is a stream of its own to whoever reads it. */
    PlannedStream of(OffsetRange part) {
        return new PlannedStream(plan, part, bundleBytes, UUID.randomUUID().toString(), runId);
    }

    /** The streams of a run, with bundles that are smaller the more of them a runner may hold. */
    static List<PlannedStream> of(List<StreamPlan> plans, long maxBundleBytes, int maxInitialSplits) {
        long splits = plans.stream()
                .mapToLong(plan -> InitialSplits.count(
                        plan.units(), InitialSplits.maxFor(recordBytes(plan), memory(), maxInitialSplits)))
                .sum();
        long bundleBytes = InitialSplits.bundleBytes(splits, maxBundleBytes);
        return plans.stream().map(plan -> new PlannedStream(plan, bundleBytes)).toList();
    }

    /** Into how many pieces it is cut at most before reading begins: fewer when its rows are wide. */
    int maxSplits(int max) {
        return InitialSplits.maxFor(recordBytes(plan), memory(), max);
    }

    /** Bytes of a row as far as the source knows; 0 when it does not. */
    private static long recordBytes(StreamPlan plan) {
        return plan.estimatedRows() < 1 ? 0 : Math.max(0, plan.estimatedBytes() / plan.estimatedRows());
    }

    private static long memory() {
        return Runtime.getRuntime().maxMemory();
    }
}
