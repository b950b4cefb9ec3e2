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
 * with the pipeline's options. A step writes it into the elements it makes: a runner that goes on from a kept state, in another execution, goes on
 * with the run of that state.
 */
final class RunIds {
    private RunIds() {}

    /**
     * Makes the options those of a new execution. Called for every transform of a pipeline that starts; the last one's is what all see.
     *
     * @throws IllegalArgumentException when the graph is to be kept and executed many times without being built again: all of them would be one
     *     run, and a destination would take the second one's batches for those it has
     */
    static void newExecution(PipelineOptions options) {
        if (options.as(TemplateOptions.class).getTemplateLocation() != null) {
            throw new IllegalArgumentException(
                    "The pipeline is staged as a classic template (templateLocation), of which every launch would be the same run: a destination"
                            + " would take its rows for rows it has. Make a flex template, which builds the pipeline at each launch.");
        }
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
