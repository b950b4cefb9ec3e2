// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static io.rapidbyte.pipelines.cli.TextTable.Side.LEFT;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.pipelines.run.Preflight;
import io.rapidbyte.pipelines.run.PreparedPipeline;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code rapidbyte check}. */
@Command(
        name = "check",
        header = "Says what keeps a pipeline file from running, all at once.",
        description =
                "Looks at a pipeline file, its connectors and their servers, plans every stream, and says all that keeps the"
                        + " pipeline from running, with the statements that help. Writes nothing anywhere.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./rapidbyte check shop.yaml",
            "  ./rapidbyte check --json shop.yaml",
            "",
            "Read on: ./rapidbyte run --help"
        },
        mixinStandardHelpOptions = true)
final class CheckCommand implements RapidbyteCommand {
    private final CommandContext context;

    @Mixin
    private OutputOptions output;

    @Parameters(paramLabel = "FILE", description = "The pipeline file, YAML.")
    private Path file;

    CheckCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public OutputOptions output() {
        return output;
    }

    @Override
    public ExitCode call() {
        PreparedPipeline pipeline = context.prepare(file);
        Preflight.Result result = Preflight.inspect(pipeline, UUID.randomUUID().toString());
        if (!output.json() && output.verbosity() != Verbosity.QUIET) {
            TextTable table = TextTable.of(List.of(LEFT, LEFT, LEFT, LEFT), "", "connector", "check", "found");
            for (Preflight.Finding finding : result.findings()) {
                table.add(finding.ok() ? "ok" : "FAILED", finding.connector(), finding.name(), finding.message());
            }
            table.lines(context.console().columns()).forEach(context.console().out()::println);
        }
        result.require();
        if (output.json()) {
            ObjectNode root =
                    JsonOutput.checks(JsonOutput.object("ok").put("pipeline", pipeline.name()), result.findings());
            context.console().out().println(JsonOutput.text(root));
        }
        return ExitCode.OK;
    }
}
