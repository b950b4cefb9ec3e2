// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.pipelines.run.ConnectorResolver;
import io.rapidbyte.wasm.ConnectorModule;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rapidbyte connectors inspect}. */
@Command(
        name = "inspect",
        header = "Shows what a connector says of itself.",
        description =
                "Shows the manifest of a connector: what it is, what it asks for (hosts, environment variables, folders,"
                        + " memory, time), and what its config takes; and the SHA-256 with which a pipeline file can pin it. No"
                        + " code of the connector is run for it.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./rapidbyte connectors inspect dest-postgres",
            "  ./rapidbyte connectors inspect ./my-source.wasm --json",
            "  ./rapidbyte connectors inspect source-postgres --schema > config.schema.json",
            "",
            "Read on: docs/abi.md, section 3, has the members of a manifest."
        },
        mixinStandardHelpOptions = true)
final class ConnectorsInspectCommand implements RapidbyteCommand {
    private final CommandContext context;

    @Mixin
    private OutputOptions output;

    @Parameters(
            paramLabel = "NAME|FILE.wasm",
            description = "The connector, as a pipeline file has it in 'use': a name, or the path of a .wasm file.")
    private String use;

    @Option(names = "--schema", description = "Write the JSON Schema of its config and nothing else.")
    private boolean schema;

    ConnectorsInspectCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public OutputOptions output() {
        return output;
    }

    @Override
    public ExitCode call() {
        ConnectorModule module = new ConnectorResolver(context.environment()).find(use, Path.of(""));
        if (schema) {
            context.console().out().println(JsonOutput.text(module.manifest().configSchema()));
        } else if (output.json()) {
            context.console().out().println(JsonOutput.text(ManifestText.json(module)));
        } else if (output.text()) {
            ManifestText.of(module).forEach(context.console().out()::println);
        }
        return ExitCode.OK;
    }
}
