// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static java.util.Objects.requireNonNull;

/**
 * How a pipeline is run, beside what its file says.
 *
 * @param runner on which runner
 * @param progress who is told of it while it runs
 */
public record RunOptions(RunnerKind runner, ProgressListener progress) {
    public RunOptions {
        requireNonNull(runner, "runner");
        requireNonNull(progress, "progress");
    }
}
