// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.pipelines.config.Pipeline;
import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.run.ConnectorResolver;
import io.rapidbyte.pipelines.run.PreparedPipeline;
import io.rapidbyte.pipelines.run.ProgressListener;
import io.rapidbyte.pipelines.state.StateLocation;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StateStores;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * What a command needs of the process it runs in.
 *
 * @param console where it writes to
 * @param environment the value of an environment variable, or null when it is not set
 */
record CommandContext(Console console, UnaryOperator<String> environment) {
    /** Reads a pipeline file. */
    PipelineFile read(Path file) {
        return PipelineFile.read(file, environment);
    }

    /** Reads a pipeline file and loads its connectors. */
    PreparedPipeline prepare(Path file) {
        return prepare(read(file));
    }

    /** Loads the connectors of a pipeline file. */
    PreparedPipeline prepare(PipelineFile file) {
        return PreparedPipeline.prepare(file, new ConnectorResolver(environment));
    }

    /** Opens what the pipeline of a file remembers between its runs. */
    StateStore state(PipelineFile file) {
        return StateStores.open(stateLocation(file));
    }

    /** Where that is. */
    StateLocation stateLocation(PipelineFile file) {
        Pipeline pipeline = file.pipeline();
        return StateLocation.of(pipeline.state(), pipeline.file(), pipeline.folder());
    }

    /** How progress is shown with these options. */
    ProgressListener progress(OutputOptions output) {
        if (!output.progress()) {
            return ProgressListener.NONE;
        }
        return console.err() instanceof Terminal terminal
                ? new TerminalProgress(terminal)
                : new LineProgress(console.err());
    }
}
