// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.config.Suggestions;
import io.rapidbyte.pipelines.run.PreparedPipeline;
import io.rapidbyte.pipelines.run.Teardown;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.wasm.StreamSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code rapidbyte teardown}. */
@Command(
        name = "teardown",
        header = "Removes what broken runs left behind in the destination.",
        description = {
            "Removes what the runs of a pipeline that were not completed left behind beside their tables: side tables of"
                    + " a replace, and the destination's memory of batches. The tables themselves are not touched: rows that"
                    + " an append has committed stay.",
            "",
            "A run that is given again goes on with what a broken one began or clears it away by itself. This is for a"
                    + " pipeline that will not be run again, or that is to begin anew. It is refused while the pipeline runs."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./rapidbyte teardown shop.yaml",
            "  ./rapidbyte teardown shop.yaml --stream orders",
            "  ./rapidbyte teardown shop.yaml --run-id 4f0c6f2e-5d0b-4f8e-9b64-1f6f6f0f9a11",
            "",
            "Read on: docs/exactly-once.md says what a destination remembers, and docs/replace.md what a side table is."
        },
        mixinStandardHelpOptions = true)
final class TeardownCommand implements RapidbyteCommand {
    private final CommandContext context;

    @Spec
    private CommandSpec spec;

    @Mixin
    private OutputOptions output;

    @Parameters(paramLabel = "FILE", description = "The pipeline file, YAML.")
    private Path file;

    @Option(
            names = "--stream",
            paramLabel = "STREAM",
            description = "Only this stream, by its name in the file. Default: all streams.")
    private String stream;

    @Option(
            names = "--run-id",
            paramLabel = "ID",
            description =
                    "What this run left behind, also when nothing is remembered of it: its id is in its summary, and in"
                            + " its log with -vv. Default: all runs that are known not to be complete.")
    private String runId;

    TeardownCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public OutputOptions output() {
        return output;
    }

    @Override
    public ExitCode call() {
        if (runId != null && runId.isBlank()) {
            throw new ParameterException(spec.commandLine(), "--run-id: expected the id of a run, found nothing.");
        }
        PipelineFile read = context.read(file);
        PreparedPipeline pipeline = context.prepare(read);
        List<Teardown.Removed> removed;
        try (StateStore store = context.state(read)) {
            removed = runId == null
                    ? Teardown.unfinished(pipeline, store, stream)
                    : Teardown.run(pipeline, store, runId, stream);
        }
        if (removed.isEmpty()) {
            requireStream(pipeline);
        }
        if (output.json()) {
            context.console().out().println(JsonOutput.text(json(pipeline, removed)));
        } else if (output.text()) {
            text(pipeline, removed).forEach(context.console().out()::println);
        }
        return ExitCode.OK;
    }

    /** A stream that was torn down may have left the file; one that was not is more likely a slip of the pen. */
    private void requireStream(PreparedPipeline pipeline) {
        List<String> names = pipeline.streams().stream().map(StreamSpec::name).toList();
        if (stream != null && !names.contains(stream)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--stream: the pipeline " + pipeline.name() + " has no stream '" + stream
                            + "', and no run of it left one behind"
                            + Suggestions.closest(stream, names)
                                    .map(name -> "; did you mean '" + name + "'?")
                                    .orElse("."));
        }
    }

    /** What was done, in sentences. */
    static List<String> text(PreparedPipeline pipeline, List<Teardown.Removed> removed) {
        List<String> lines = new ArrayList<>();
        if (removed.isEmpty()) {
            lines.add("There is nothing to tear down: no run of " + pipeline.name() + " is known to be incomplete.");
            return lines;
        }
        for (Teardown.Removed each : removed) {
            lines.add(Printable.sentence(each.stream() + ": " + sentence(each)));
        }
        lines.add("The next run of " + pipeline.name() + " begins anew with "
                + (removed.size() == 1 ? "this stream." : "these streams."));
        return lines;
    }

    private static String sentence(Teardown.Removed removed) {
        String run = "run " + removed.runId();
        if (removed.writeMode() == null) {
            return "what " + run + " left behind beside the table, if it did, is removed. Rows that it committed stay.";
        }
        return switch (removed.writeMode()) {
            case REPLACE ->
                "the side table of " + run + " is removed, if there was one. The table is as it was before.";
            case APPEND ->
                "the destination forgets the batches of " + run
                        + ". The rows that it appended stay, and a next run appends all of the stream again: delete them first if"
                        + " they must not be there twice.";
            case UPSERT ->
                "the destination forgets the batches of " + run
                        + ". The rows that it merged stay, and a next run merges them again, which changes nothing of them.";
        };
    }

    private static ObjectNode json(PreparedPipeline pipeline, List<Teardown.Removed> removed) {
        ObjectNode root = JsonOutput.object("ok").put("pipeline", pipeline.name());
        root.putArray("removed");
        for (Teardown.Removed each : removed) {
            root.withArray("removed")
                    .addObject()
                    .put("stream", each.stream())
                    .put("run_id", each.runId())
                    .put(
                            "write_mode",
                            each.writeMode() == null ? null : each.writeMode().jsonName());
        }
        return root;
    }
}
