// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.pipelines.config.Suggestions;
import io.rapidbyte.pipelines.run.Positions;
import io.rapidbyte.pipelines.run.PreparedPipeline;
import io.rapidbyte.pipelines.state.PipelineLock;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StreamPosition;
import io.rapidbyte.wasm.StreamSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rapidbyte state accept}. */
@Command(
        name = "accept",
        description = {
            "Has streams go on from where they ended although the pipeline file names another server, database, table, cursor or target: for the"
                    + " same rows under another name, a server that was moved for instance.",
            "Rows that are other ones, or that the other target lacks, are left out by the next run: use reset for these."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./rapidbyte state accept --stream orders shop.yaml",
            "  ./rapidbyte state accept --all shop.yaml",
            "",
            "Read on: docs/state.md says when a run is refused."
        },
        mixinStandardHelpOptions = true)
final class StateAcceptCommand implements RapidbyteCommand {
    private final CommandContext context;

    @Mixin
    private OutputOptions output;

    @Parameters(paramLabel = "FILE", description = "The pipeline file, YAML.")
    private Path file;

    @ArgGroup(multiplicity = "1")
    private Which which;

    StateAcceptCommand(CommandContext context) {
        this.context = context;
    }

    /** Of what. */
    private static final class Which {
        @Option(
                names = "--stream",
                paramLabel = "NAME",
                required = true,
                description = "Keep the position of this stream; can be given several times.")
        private List<String> streams;

        @Option(names = "--all", required = true, description = "Keep the positions of all streams.")
        private boolean all;
    }

    /**
     * What became of a stream.
     *
     * @param stream its name
     * @param position where it goes on from, or null
     * @param changes what has changed since that was stored
     */
    private record Accepted(String stream, StreamPosition position, List<String> changes) {
        String sentence() {
            if (position == null) {
                return stream + ": there is no position to go on from.";
            }
            String from = position.cursorValue() == null
                    ? "goes on from where it ended"
                    : "goes on from " + position.cursorField() + " = " + position.cursorValue();
            return stream + ": " + from
                    + (changes.isEmpty()
                            ? "; nothing has changed."
                            : ", although " + String.join(", and ", changes) + ".");
        }
    }

    @Override
    public OutputOptions output() {
        return output;
    }

    @Override
    public ExitCode call() {
        PipelineState state = PipelineState.of(file, context);
        PreparedPipeline pipeline = context.prepare(file);
        requireStreams(pipeline);
        Optional<StateStore> found = state.open();
        List<Accepted> accepted = new ArrayList<>();
        if (found.isPresent()) {
            try (StateStore store = found.get();
                    PipelineLock lock = store.lock(state.name())) {
                accepted = accept(pipeline, store);
            }
        }
        if (output.json()) {
            context.console().out().println(JsonOutput.text(json(state, accepted)));
        } else if (output.verbosity() != Verbosity.QUIET) {
            text(state, found.isPresent(), accepted).forEach(context.console().out()::println);
        }
        return ExitCode.OK;
    }

    private void requireStreams(PreparedPipeline pipeline) {
        List<String> known = pipeline.streams().stream().map(StreamSpec::name).toList();
        for (String stream : which.all ? List.<String>of() : which.streams) {
            if (!known.contains(stream)) {
                throw new CommandFailedException(
                        FailureKind.USAGE,
                        "The file of pipeline " + pipeline.name() + " has no stream '" + stream + "'"
                                + Suggestions.closest(stream, known)
                                        .map(name -> "; did you mean '" + name + "'?")
                                        .orElse(". It has " + String.join(", ", known) + ".")
                                + " Nothing was changed.",
                        JsonOutput.object("failed"));
            }
        }
    }

    private List<Accepted> accept(PreparedPipeline pipeline, StateStore store) {
        Positions positions = Positions.of(pipeline);
        List<StreamPosition> stored = store.positions(pipeline.name()).stream()
                .filter(each -> positions.has(each.stream()))
                .toList();
        Map<String, List<String>> changes = positions.changes(stored);
        List<String> streams = which.all
                ? stored.stream().map(StreamPosition::stream).toList()
                : List.copyOf(new TreeSet<>(which.streams));
        List<Accepted> accepted = new ArrayList<>();
        for (String stream : streams) {
            StreamPosition position = stored.stream()
                    .filter(each -> each.stream().equals(stream))
                    .findFirst()
                    .orElse(null);
            if (position != null) {
                positions.accept(store, stream);
            }
            accepted.add(new Accepted(stream, position, changes.getOrDefault(stream, List.of())));
        }
        return accepted;
    }

    private static List<String> text(PipelineState state, boolean exists, List<Accepted> accepted) {
        if (!exists) {
            return List.of(state.nothingYet());
        }
        return accepted.isEmpty()
                ? List.of("Pipeline " + state.name() + " has no positions to go on from.")
                : accepted.stream()
                        .map(each -> Printable.sentence(each.sentence()))
                        .toList();
    }

    private static ObjectNode json(PipelineState state, List<Accepted> accepted) {
        ObjectNode root = StateJson.pipeline(state);
        root.putArray("accepted");
        for (Accepted each : accepted) {
            ObjectNode node = root.withArray("accepted").addObject().put("stream", each.stream());
            if (each.position() != null) {
                StateJson.position(node.putObject("position"), each.position());
            }
            each.changes().forEach(node.putArray("changes")::add);
        }
        return root;
    }
}
