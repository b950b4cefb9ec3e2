// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.pipelines.config.ConfigurationException;
import io.rapidbyte.pipelines.run.Positions;
import io.rapidbyte.pipelines.state.RunRecord;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StreamPosition;
import io.rapidbyte.wasm.ConnectorException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rapidbyte state show}. */
@Command(
        name = "show",
        description = "Shows where a pipeline's streams have ended, its last runs, and what is unfinished.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./rapidbyte state show shop.yaml",
            "  ./rapidbyte state show --json shop.yaml",
            "  ./rapidbyte state show --run 0b6a9c1e-6d1c-4c07-9a53-2f6f0f2b7a10 shop.yaml",
            "",
            "Read on: docs/state.md."
        },
        mixinStandardHelpOptions = true)
final class StateShowCommand implements RapidbyteCommand {
    private static final int RUNS = 10;

    /** For people, who look at the first ones; programs get more. */
    private static final int LETTERS = 20;

    private static final int LETTERS_FOR_PROGRAMS = 10_000;

    private final CommandContext context;

    @Mixin
    private OutputOptions output;

    @Parameters(paramLabel = "FILE", description = "The pipeline file, YAML.")
    private Path file;

    @Option(names = "--run", paramLabel = "RUN_ID", description = "Show this run: its streams and its dead letters.")
    private String runId;

    StateShowCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public OutputOptions output() {
        return output;
    }

    @Override
    public ExitCode call() {
        PipelineState state = PipelineState.of(file, context);
        Optional<StateStore> found = state.open();
        if (found.isEmpty()) {
            if (runId != null) {
                throw new CommandFailedException(
                        FailureKind.USAGE,
                        "There is no run " + runId + ". " + state.nothingYet(),
                        JsonOutput.object("failed"));
            }
            print(
                    output.json()
                            ? List.of(JsonOutput.text(StateJson.overview(state, null, null, RUNS)))
                            : List.of(state.nothingYet()));
            return ExitCode.OK;
        }
        try (StateStore store = found.get()) {
            print(runId == null ? overview(state, store) : run(state, store));
        }
        return ExitCode.OK;
    }

    private List<String> overview(PipelineState state, StateStore store) {
        Positions fitting = fitting(store.positions(state.name()));
        return output.json()
                ? List.of(JsonOutput.text(StateJson.overview(state, store, fitting, RUNS)))
                : StateText.overview(state, store, fitting, RUNS);
    }

    /** What tells whether positions are ones of what the file asks for now; null when the connectors, which say what matters, cannot be asked. */
    private Positions fitting(List<StreamPosition> positions) {
        if (positions.stream().allMatch(each -> each.route() == null)) {
            return null;
        }
        try {
            return Positions.of(context.prepare(file));
        } catch (ConfigurationException | ConnectorException e) {
            // A run says it, which needs them.
            return null;
        }
    }

    private List<String> run(PipelineState state, StateStore store) {
        RunRecord run = store.run(runId)
                .filter(each -> each.pipeline().equals(state.name()))
                .orElseThrow(() -> new CommandFailedException(
                        FailureKind.USAGE,
                        "There is no run " + runId + " of pipeline " + state.name() + " in " + state.storeName()
                                + ". Without --run, the last ones are listed.",
                        JsonOutput.object("failed")));
        if (output.json()) {
            ObjectNode json = StateJson.run(state, store, run, LETTERS_FOR_PROGRAMS);
            return List.of(JsonOutput.text(json));
        }
        return StateText.run(store, run, LETTERS);
    }

    private void print(List<String> lines) {
        lines.forEach(context.console().out()::println);
    }
}
