// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.pipelines.run.PipelineRun;
import io.rapidbyte.pipelines.run.RunOptions;
import io.rapidbyte.pipelines.run.RunSummary;
import io.rapidbyte.pipelines.run.RunnerKind;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rapidbyte run}. */
@Command(
        name = "run",
        description = "Runs a pipeline file: reads its streams and writes them to their destination.",
        mixinStandardHelpOptions = true)
final class RunCommand implements RapidbyteCommand {
    private final CommandContext context;

    @Mixin
    private OutputOptions output;

    @Parameters(paramLabel = "FILE", description = "The pipeline file, YAML.")
    private Path file;

    @Option(
            names = "--runner",
            defaultValue = "direct",
            description = "What runs the pipeline: ${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
    private RunnerKind runner;

    RunCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public OutputOptions output() {
        return output;
    }

    @Override
    public ExitCode call() {
        RunSummary summary = PipelineRun.run(context.prepare(file), new RunOptions(runner, context.progress(output)));
        if (output.json()) {
            context.console().out().println(JsonOutput.text(JsonOutput.summary(summary)));
        } else if (output.verbosity() != Verbosity.QUIET) {
            SummaryText.of(summary, Map.of()).forEach(context.console().out()::println);
        }
        return ExitCode.OK;
    }
}
