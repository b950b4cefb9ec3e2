// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.run.BeamOptions;
import io.rapidbyte.pipelines.run.PipelineRun;
import io.rapidbyte.pipelines.run.PreparedPipeline;
import io.rapidbyte.pipelines.run.RunOptions;
import io.rapidbyte.pipelines.run.RunOverrides;
import io.rapidbyte.pipelines.run.RunSummary;
import io.rapidbyte.pipelines.run.RunnerKind;
import io.rapidbyte.pipelines.run.StreamsFailedException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;
import picocli.CommandLine.UnmatchedArgumentException;

/** {@code rapidbyte run}. */
@Command(
        name = "run",
        header = "Runs a pipeline file.",
        description = {
            "Runs a pipeline file: reads its streams and writes them to their destination. Before anything is"
                    + " written it checks both ends and plans every stream. What a run that failed or was interrupted"
                    + " had begun is gone on with, or cleared away, when the command is given again.",
            "",
            "Options of Beam and its runner, --targetParallelism=4 for instance, can stand among the others, or behind"
                    + " a --. They come before what is set for the runner by itself."
        },
        customSynopsis = {
            "@|bold Usage:|@ @|bold rapidbyte run|@ [-hqVv] [--fail-fast] [--json] [--parallelism=N]",
            "                     [--runner=NAME] FILE [--BEAM-OPTION=VALUE...]"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./rapidbyte run shop.yaml",
            "  ./rapidbyte run --json shop.yaml > result.json",
            "  ./rapidbyte run --runner flink --parallelism 8 shop.yaml",
            "  ./rapidbyte run --runner flink shop.yaml -- --flinkMaster=flink.internal:8081",
            "",
            "Read on: docs/first-pipeline.md begins with one; docs/pipeline-file.md has the keys of a pipeline file;"
                    + " docs/writing.md how rows get in; docs/commands.md the options of Beam."
        },
        mixinStandardHelpOptions = true)
final class RunCommand implements RapidbyteCommand {
    private static final int MOST_THREADS = 1024;

    private final CommandContext context;

    @Spec
    private CommandSpec spec;

    @Mixin
    private OutputOptions output;

    @Parameters(paramLabel = "FILE", description = "The pipeline file, YAML.")
    private Path file;

    @Option(
            names = "--runner",
            paramLabel = "NAME",
            defaultValue = "direct",
            converter = RunnerConverter.class,
            completionCandidates = RunnerConverter.Names.class,
            description = "What runs the pipeline: direct, on threads of this process; flink, embedded in it unless"
                    + " --flinkMaster names a cluster; or the class name of any runner of Beam on the class path. Default:"
                    + " ${DEFAULT-VALUE}.")
    private RunnerKind runner;

    @Option(
            names = "--parallelism",
            paramLabel = "N",
            description = "How many threads work at once, from 1 to 1024, or auto. Default: what the file says in"
                    + " resources.parallelism, and else auto.")
    private String parallelism;

    @Option(
            names = "--fail-fast",
            description =
                    "End all streams when one has failed, instead of finishing those that can be. Default: what the"
                            + " file says in resources.fail_fast, and else no.")
    private boolean failFast;

    @Unmatched
    private List<String> rest = new ArrayList<>();

    RunCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public OutputOptions output() {
        return output;
    }

    @Override
    public ExitCode call() {
        RunOverrides overrides = overrides();
        PipelineFile read = context.read(file);
        PreparedPipeline pipeline = context.prepare(read);
        RunOptions options = new RunOptions(runner, context.progress(output))
                .withState(context.stateLocation(read))
                .withOverrides(overrides);
        try {
            show(PipelineRun.run(pipeline, options));
        } catch (StreamsFailedException failed) {
            // With --json the summary is a part of what is said of the failure.
            if (!output.json() && failed.summary().streams().size() > 1) {
                show(failed.summary().withoutErrors());
            }
            throw failed;
        }
        return ExitCode.OK;
    }

    private void show(RunSummary summary) {
        if (output.json()) {
            context.console().out().println(JsonOutput.text(JsonOutput.summary(summary)));
        } else if (output.verbosity() != Verbosity.QUIET) {
            SummaryText.of(summary, Map.of()).forEach(context.console().out()::println);
        }
    }

    /** What the command line says in place of the file. */
    private RunOverrides overrides() {
        return new RunOverrides(threads(), failFast, beamOptions());
    }

    private Integer threads() {
        if (parallelism == null) {
            return null;
        }
        if (parallelism.equals("auto")) {
            return 0;
        }
        if (parallelism.matches("[0-9]{1,4}")) {
            int threads = Integer.parseInt(parallelism);
            if (threads >= 1 && threads <= MOST_THREADS) {
                return threads;
            }
        }
        throw new ParameterException(
                spec.commandLine(),
                "--parallelism: expected auto or a whole number from 1 to " + MOST_THREADS + ", found '" + parallelism
                        + "'.");
    }

    /**
     * What was not understood and stands behind {@code --}, or is an option that Beam knows. A slip in one of our own options is not taken for
     * one of Beam's.
     */
    private List<String> beamOptions() {
        List<String> arguments = spec.commandLine().getParseResult().originalArgs();
        int end = arguments.indexOf(spec.parser().endOfOptionsDelimiter());
        List<String> forBeam = end < 0 ? List.of() : arguments.subList(end + 1, arguments.size());
        List<String> strange = rest.stream()
                .filter(each -> !forBeam.contains(each) && !BeamOptions.isKnown(each))
                .toList();
        if (!strange.isEmpty()) {
            throw new UnmatchedArgumentException(spec.commandLine(), strange);
        }
        BeamOptions.of(rest);
        return rest;
    }
}
