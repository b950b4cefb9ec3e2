// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import java.util.List;

/**
 * What a command line says of a run in place of the pipeline file.
 *
 * @param parallelism threads; 0 for {@code auto}; null for what the file says
 * @param failFast whether one failed stream stops the others, whatever the file says; false for what it says
 * @param beamOptions options for Beam and its runner, each {@code --name=value}
 */
public record RunOverrides(Integer parallelism, boolean failFast, List<String> beamOptions) {
    /** Nothing is said. */
    public static final RunOverrides NONE = new RunOverrides(null, false, List.of());

    public RunOverrides {
        beamOptions = List.copyOf(beamOptions);
    }
}
