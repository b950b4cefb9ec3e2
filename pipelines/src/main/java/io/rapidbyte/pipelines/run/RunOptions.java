// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static java.util.Objects.requireNonNull;

import io.rapidbyte.beam.io.ArrowBatch;
import java.util.List;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.values.PCollection;

/**
 * How a pipeline is run, beside what its file says.
 *
 * @param runner on which runner
 * @param progress who is told of it while it runs
 * @param between what batches pass through between reading and writing, in this order; may be empty
 */
public record RunOptions(
        RunnerKind runner,
        ProgressListener progress,
        List<PTransform<PCollection<ArrowBatch>, PCollection<ArrowBatch>>> between) {
    public RunOptions {
        requireNonNull(runner, "runner");
        requireNonNull(progress, "progress");
        between = List.copyOf(between);
    }

    /** With nothing between reading and writing. */
    public RunOptions(RunnerKind runner, ProgressListener progress) {
        this(runner, progress, List.of());
    }
}
