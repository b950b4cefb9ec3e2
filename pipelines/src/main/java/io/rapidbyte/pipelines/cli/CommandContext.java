// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.run.ConnectorResolver;
import io.rapidbyte.pipelines.run.PreparedPipeline;
import io.rapidbyte.pipelines.run.ProgressListener;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * What a command needs of the process it runs in.
 *
 * @param console where it writes to
 * @param environment the value of an environment variable, or null when it is not set
 */
record CommandContext(Console console, UnaryOperator<String> environment) {
    /** Reads a pipeline file and loads its connectors. */
    PreparedPipeline prepare(Path file) {
        return PreparedPipeline.prepare(PipelineFile.read(file, environment), new ConnectorResolver(environment));
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
