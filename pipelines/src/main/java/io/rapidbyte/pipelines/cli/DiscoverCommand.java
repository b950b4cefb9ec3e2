// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static io.rapidbyte.pipelines.cli.TextTable.Side.LEFT;
import static io.rapidbyte.pipelines.cli.TextTable.Side.RIGHT;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.pipelines.run.Discovery;
import io.rapidbyte.wasm.DiscoveredStream;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code rapidbyte discover}. */
@Command(
        name = "discover",
        header = "Lists what the source of a pipeline file can read.",
        description =
                "Lists what the source of a pipeline file can read, whatever streams the file names: tables and views, how"
                        + " large they are, their primary keys, and the column by which new rows could be told. -v lists the columns,"
                        + " too.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./rapidbyte discover shop.yaml",
            "  ./rapidbyte discover -v shop.yaml",
            "  ./rapidbyte discover --json shop.yaml",
            "",
            "Read on: docs/types.md says how each type arrives, docs/incremental.md what a cursor is."
        },
        mixinStandardHelpOptions = true)
final class DiscoverCommand implements RapidbyteCommand {
    private final CommandContext context;

    @Mixin
    private OutputOptions output;

    @Parameters(paramLabel = "FILE", description = "The pipeline file, YAML.")
    private Path file;

    DiscoverCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public OutputOptions output() {
        return output;
    }

    @Override
    public ExitCode call() {
        List<DiscoveredStream> streams = Discovery.of(context.prepare(file));
        List<String> lines =
                output.json() ? List.of(JsonOutput.text(json(streams))) : text(streams, output.verbosity());
        lines.forEach(context.console().out()::println);
        return ExitCode.OK;
    }

    private static List<String> text(List<DiscoveredStream> streams, Verbosity verbosity) {
        TextTable table = TextTable.of(
                List.of(LEFT, LEFT, RIGHT, RIGHT, RIGHT, LEFT, LEFT),
                "stream",
                "kind",
                "columns",
                "rows, about",
                "MB, about",
                "primary key",
                "suggested cursor");
        for (DiscoveredStream stream : streams) {
            table.add(
                    stream.name(),
                    stream.kind(),
                    Numbers.count(stream.fields().size()),
                    stream.estimatedRows() < 0 ? "?" : Numbers.count(stream.estimatedRows()),
                    stream.estimatedBytes() < 0 ? "?" : Numbers.megabytes(stream.estimatedBytes()),
                    String.join(", ", stream.primaryKey()),
                    stream.suggestedCursor() == null ? "" : stream.suggestedCursor());
            if (verbosity.compareTo(Verbosity.VERBOSE) >= 0) {
                for (DiscoveredStream.Field field : stream.fields()) {
                    table.add(
                            "  " + field.name(),
                            field.nativeType(),
                            "",
                            "",
                            "",
                            field.nullable() ? "" : "not null",
                            "");
                }
            }
        }
        return table.lines();
    }

    private static ObjectNode json(List<DiscoveredStream> streams) {
        ObjectNode root = JsonOutput.object("ok");
        root.putArray("streams");
        for (DiscoveredStream stream : streams) {
            ObjectNode node = root.withArray("streams").addObject();
            node.put("name", stream.name())
                    .put("namespace", stream.namespace())
                    .put("table", stream.table())
                    .put("kind", stream.kind())
                    .put("estimated_rows", stream.estimatedRows())
                    .put("estimated_bytes", stream.estimatedBytes())
                    .put("suggested_cursor", stream.suggestedCursor());
            node.putArray("primary_key");
            stream.primaryKey().forEach(node.withArray("primary_key")::add);
            for (DiscoveredStream.Field field : stream.fields()) {
                node.withArray("fields")
                        .addObject()
                        .put("name", field.name())
                        .put("type", field.type())
                        .put("native_type", field.nativeType())
                        .put("nullable", field.nullable())
                        .put("primary_key", field.primaryKey())
                        .put("generated", field.generated());
            }
        }
        return root;
    }
}
