// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.apache.beam.sdk.options.PipelineOptions;

/**
 * The ids of runs that were given none.
 *
 * <p>A graph can be executed more than once, and each execution is a run of its own: with the id of an earlier one, a destination would take
 * its batches for those it has. On the other hand whatever a runner repeats within an execution, up to starting the whole job again, has to
 * have the same id. So it cannot be made by a step; it is made where the pipeline is started, before the runner sees the graph, and travels
 * with the pipeline's options.
 */
final class RunIds {
    private RunIds() {}

    /** Makes the options those of a new execution. Called for every transform of a pipeline that starts; the last one's is what all see. */
    static void newExecution(PipelineOptions options) {
        options.as(ExecutionOptions.class)
                .setRapidbyteExecution(UUID.randomUUID().toString());
    }

    /**
     * The run that an execution of a transform is.
     *
     * @param transform what tells the transform from all others, so that two reads of one pipeline are two runs
     */
    static String of(String transform, PipelineOptions options) {
        String execution = options.as(ExecutionOptions.class).getRapidbyteExecution();
        if (execution == null) {
            // Who gives a graph to a runner directly has to build it anew for each run.
            return transform;
        }
        return UUID.nameUUIDFromBytes((execution + "/" + transform).getBytes(StandardCharsets.UTF_8))
                .toString();
    }
}
