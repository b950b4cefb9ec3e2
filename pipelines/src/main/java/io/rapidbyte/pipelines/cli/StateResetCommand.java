// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.pipelines.config.Suggestions;
import io.rapidbyte.pipelines.state.PipelineLock;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StreamPosition;
import io.rapidbyte.pipelines.state.StreamRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rapidbyte state reset}. It asks nothing: it wants to be told of what. */
@Command(
        name = "reset",
        description = {
            "Forgets where streams have ended and what was begun of them: the next run reads them from their beginning.",
            "Targets stay as they are. Runs and dead letters are kept."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./rapidbyte state reset --stream orders shop.yaml",
            "  ./rapidbyte state reset --all shop.yaml",
            "",
            "Read on: docs/state.md says what is kept, and docs/incremental.md what a position is."
        },
        mixinStandardHelpOptions = true)
final class StateResetCommand implements RapidbyteCommand {
    private final CommandContext context;

    @Mixin
    private OutputOptions output;

    @Parameters(paramLabel = "FILE", description = "The pipeline file, YAML.")
    private Path file;

    @ArgGroup(multiplicity = "1")
    private Which which;

    StateResetCommand(CommandContext context) {
        this.context = context;
    }

    /** Of what. */
    private static final class Which {
        @Option(
                names = "--stream",
                paramLabel = "NAME",
                required = true,
                description = "Reset this stream; can be given several times.")
        private List<String> streams;

        @Option(names = "--all", required = true, description = "Reset every stream.")
        private boolean all;
    }

    /**
     * What was forgotten of a stream.
     *
     * @param stream its name
     * @param position where it had ended, or null
     * @param unfinished what was begun of it, or null
     */
    private record Forgotten(String stream, StreamPosition position, StreamRun unfinished) {
        String sentence() {
            if (position == null && unfinished == null) {
                return stream + ": there was nothing to forget.";
            }
            List<String> parts = new ArrayList<>();
            if (position != null) {
                parts.add(
                        position.cursorValue() == null
                                ? "where it had ended"
                                : "that it had ended at " + position.cursorField() + " = " + position.cursorValue());
            }
            if (unfinished != null) {
                parts.add("what run " + unfinished.runId() + " had begun of it");
            }
            return stream + ": forgot " + String.join(", and ", parts) + ".";
        }
    }

    @Override
    public OutputOptions output() {
        return output;
    }

    @Override
    public ExitCode call() {
        PipelineState state = PipelineState.of(file, context);
        Optional<StateStore> found = state.open();
        List<Forgotten> forgotten = List.of();
        if (found.isPresent()) {
            try (StateStore store = found.get();
                    PipelineLock lock = store.lock(state.name())) {
                forgotten = reset(state, store);
            }
        } else {
            which(state, state.streams(), List.of(), List.of());
        }
        if (output.json()) {
            context.console().out().println(JsonOutput.text(json(state, forgotten)));
        } else if (output.verbosity() != Verbosity.QUIET) {
            text(state, found.isPresent(), forgotten).forEach(context.console().out()::println);
        }
        return ExitCode.OK;
    }

    private List<Forgotten> reset(PipelineState state, StateStore store) {
        List<StreamPosition> positions = store.positions(state.name());
        List<StreamRun> unfinished = store.unfinished(state.name());
        List<Forgotten> forgotten = new ArrayList<>();
        for (String stream : which(state, state.streams(), positions, unfinished)) {
            store.reset(state.name(), stream);
            forgotten.add(new Forgotten(
                    stream,
                    positions.stream()
                            .filter(each -> each.stream().equals(stream))
                            .findFirst()
                            .orElse(null),
                    unfinished.stream()
                            .filter(each -> each.stream().equals(stream))
                            .findFirst()
                            .orElse(null)));
        }
        return forgotten;
    }

    /** The streams that were meant. */
    private Set<String> which(
            PipelineState state, List<String> inFile, List<StreamPosition> positions, List<StreamRun> unfinished) {
        Set<String> remembered = new TreeSet<>();
        positions.forEach(each -> remembered.add(each.stream()));
        unfinished.forEach(each -> remembered.add(each.stream()));
        if (which.all) {
            return remembered;
        }
        Set<String> known = new TreeSet<>(remembered);
        known.addAll(inFile);
        for (String stream : which.streams) {
            if (!known.contains(stream)) {
                throw new CommandFailedException(
                        FailureKind.USAGE,
                        "Pipeline " + state.name() + " has no stream '" + stream + "'"
                                + Suggestions.closest(stream, known)
                                        .map(name -> "; did you mean '" + name + "'?")
                                        .orElse(". It has " + String.join(", ", known) + ".")
                                + " Nothing was reset.",
                        JsonOutput.object("failed"));
            }
        }
        return new TreeSet<>(which.streams);
    }

    private static List<String> text(PipelineState state, boolean exists, List<Forgotten> forgotten) {
        if (!exists) {
            return List.of(state.nothingYet());
        }
        if (forgotten.isEmpty()) {
            return List.of(
                    "Pipeline " + state.name() + " remembered nothing of its streams; there was nothing to forget.");
        }
        List<String> lines = new ArrayList<>();
        forgotten.forEach(each -> lines.add(each.sentence()));
        boolean again = state.pipeline().writeMode().equals("append")
                && forgotten.stream().anyMatch(each -> each.position() != null || each.unfinished() != null);
        if (again) {
            lines.add(
                    "The next run appends all rows to what is in the targets now: empty them first, unless rows may be there twice.");
        }
        return lines;
    }

    private static ObjectNode json(PipelineState state, List<Forgotten> forgotten) {
        ObjectNode root = StateJson.pipeline(state);
        root.putArray("reset");
        for (Forgotten each : forgotten) {
            ObjectNode node = root.withArray("reset").addObject().put("stream", each.stream());
            if (each.position() != null) {
                StateJson.position(node.putObject("position"), each.position());
            }
            if (each.unfinished() != null) {
                node.put("unfinished_run_id", each.unfinished().runId());
            }
        }
        return root;
    }
}
