// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static java.util.Objects.requireNonNull;

import io.rapidbyte.beam.io.ArrowBatch;
import io.rapidbyte.pipelines.state.StateLocation;
import java.time.Duration;
import java.util.List;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.values.PCollection;

/**
 * How a pipeline is run, beside what its file says.
 *
 * @param runner on which runner
 * @param progress who is told of it while it runs
 * @param between what batches pass through between reading and writing, in this order; may be empty
 * @param state where the run is remembered; null: nowhere, so that nothing is read on from where a run ended, and nothing that broke is gone on with
 * @param backoff how long to wait before what failed is tried again
 * @param overrides what comes before what the file says
 * @param lockDistance how long a run goes on before it asks again whether it still holds the lock of its pipeline
 */
public record RunOptions(
        RunnerKind runner,
        ProgressListener progress,
        List<PTransform<? super PCollection<ArrowBatch>, PCollection<ArrowBatch>>> between,
        StateLocation state,
        Backoff backoff,
        RunOverrides overrides,
        Duration lockDistance) {
    private static final Duration LOCK_DISTANCE = Duration.ofSeconds(5);

    public RunOptions {
        requireNonNull(runner, "runner");
        requireNonNull(progress, "progress");
        requireNonNull(backoff, "backoff");
        requireNonNull(overrides, "overrides");
        requireNonNull(lockDistance, "lockDistance");
        between = List.copyOf(between);
    }

    /** With nothing between reading and writing, and remembered nowhere. */
    public RunOptions(RunnerKind runner, ProgressListener progress) {
        this(runner, progress, List.of(), null, Backoff.USUAL, RunOverrides.NONE, LOCK_DISTANCE);
    }

    /** The same with something between reading and writing. */
    public RunOptions withBetween(
            List<PTransform<? super PCollection<ArrowBatch>, PCollection<ArrowBatch>>> transforms) {
        return new RunOptions(runner, progress, transforms, state, backoff, overrides, lockDistance);
    }

    /** The same, remembered there. */
    public RunOptions withState(StateLocation location) {
        return new RunOptions(runner, progress, between, location, backoff, overrides, lockDistance);
    }

    /** The same with other waits before what failed is tried again. */
    public RunOptions withBackoff(Backoff waits) {
        return new RunOptions(runner, progress, between, state, waits, overrides, lockDistance);
    }

    /** The same with something else than the file says. */
    public RunOptions withOverrides(RunOverrides other) {
        return new RunOptions(runner, progress, between, state, backoff, other, lockDistance);
    }

    /** The same, asking at other distances whether it still holds the lock of its pipeline. */
    public RunOptions withLockDistance(Duration distance) {
        return new RunOptions(runner, progress, between, state, backoff, overrides, distance);
    }
}
