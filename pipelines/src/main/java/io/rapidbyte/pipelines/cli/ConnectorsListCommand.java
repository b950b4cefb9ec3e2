// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static io.rapidbyte.pipelines.cli.TextTable.Side.LEFT;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.pipelines.run.ConnectorCatalog;
import io.rapidbyte.wasm.Manifest;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code rapidbyte connectors list}. */
@Command(
        name = "list",
        header = "Lists the connectors that a pipeline file can name.",
        description =
                "Lists the connectors that a pipeline file can name in 'use': those that come with this program, and the"
                        + " .wasm files in the folder that the environment variable RAPIDBYTE_CONNECTOR_DIR names. A file that is"
                        + " no connector is listed with the reason.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./rapidbyte connectors list",
            "  RAPIDBYTE_CONNECTOR_DIR=connectors/modules ./rapidbyte connectors list --json",
            "",
            "Read on: ./rapidbyte connectors inspect --help"
        },
        mixinStandardHelpOptions = true)
final class ConnectorsListCommand implements RapidbyteCommand {
    /** Digits of a checksum that tell modules apart. */
    private static final int SHORT = 12;

    private final CommandContext context;

    @Mixin
    private OutputOptions output;

    ConnectorsListCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public OutputOptions output() {
        return output;
    }

    @Override
    public ExitCode call() {
        List<ConnectorCatalog.Entry> entries = ConnectorCatalog.list(context.environment());
        if (output.json()) {
            context.console().out().println(JsonOutput.text(json(entries)));
        } else if (output.text()) {
            text(entries).forEach(context.console().out()::println);
        }
        return ExitCode.OK;
    }

    private static List<String> text(List<ConnectorCatalog.Entry> entries) {
        TextTable table = TextTable.of(
                List.of(LEFT, LEFT, LEFT, LEFT, LEFT, LEFT), "use", "version", "role", "modes", "sha256", "from");
        for (ConnectorCatalog.Entry entry : entries) {
            if (entry.module() == null) {
                table.add(entry.use(), "-", "BROKEN", "-", "-", entry.problem());
            } else {
                Manifest manifest = entry.module().manifest();
                table.add(
                        entry.use(),
                        Printable.line(manifest.version(), ManifestText.LONGEST_NAME),
                        manifest.role().jsonName(),
                        String.join(", ", ManifestText.modes(manifest)),
                        entry.module().sha256().substring(0, SHORT),
                        entry.from() + (entry.problem() == null ? "" : ": " + entry.problem()));
            }
        }
        return table.lines();
    }

    private static ObjectNode json(List<ConnectorCatalog.Entry> entries) {
        ObjectNode root = JsonOutput.object("ok");
        root.putArray("connectors");
        for (ConnectorCatalog.Entry entry : entries) {
            ObjectNode node = root.withArray("connectors").addObject();
            node.put("use", entry.use())
                    .put("from", entry.from())
                    .put("ok", entry.module() != null)
                    .put("problem", entry.problem());
            if (entry.module() != null) {
                Manifest manifest = entry.module().manifest();
                node.put("name", manifest.name())
                        .put("version", manifest.version())
                        .put("role", manifest.role().jsonName())
                        .put("sha256", entry.module().sha256());
                ManifestText.modes(manifest).forEach(node.putArray("modes")::add);
            }
        }
        return root;
    }
}
