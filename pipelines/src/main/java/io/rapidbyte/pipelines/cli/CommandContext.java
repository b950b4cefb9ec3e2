// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.run.ConnectorResolver;
import io.rapidbyte.pipelines.run.PreparedPipeline;
import io.rapidbyte.pipelines.run.ProgressListener;
import io.rapidbyte.pipelines.state.StateStore;
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
        throw new UnsupportedOperationException(
                "there is no store yet for " + file.pipeline().name());
    }

    /** How progress is shown with these options. */
    ProgressListener progress(OutputOptions output) {
        if (!output.progress()) {
            return ProgressListener.NONE;
        }
        return console.isTerminal() ? new TerminalProgress(console) : new LineProgress(console.err());
    }
}
