// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static io.rapidbyte.pipelines.cli.TextTable.Side.LEFT;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.pipelines.config.ConnectorConfigFile;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.conformance.ConformanceKit;
import io.rapidbyte.wasm.conformance.ConformanceReport;
import io.rapidbyte.wasm.conformance.ConformanceSubject;
import io.rapidbyte.wasm.conformance.Finding;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rapidbyte conformance}. */
@Command(
        name = "conformance",
        description = {
            "Runs a connector through the contracts of docs/abi.md and says which it keeps and which it breaks.",
            "A source reads a stream some twenty times: name a small one that does not change meanwhile. A destination writes into targets whose"
                    + " names begin with rapidbyte_conformance, or with --stream, and leaves them there."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./rapidbyte conformance source-files.wasm",
            "  ./rapidbyte conformance source-postgres --config shop.json --stream orders",
            "",
            "Read on: docs/writing-a-connector.md, and docs/abi.md for the contracts themselves."
        },
        mixinStandardHelpOptions = true)
final class ConformanceCommand implements RapidbyteCommand {
    private final CommandContext context;

    @Mixin
    private OutputOptions output;

    @Parameters(paramLabel = "MODULE", description = "A .wasm file, or the name of a bundled connector.")
    private String module;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description =
                    "The connector's configuration, with which it works: the members of 'config' in a pipeline file, as YAML or JSON, with"
                            + " variables. Default: none.")
    private Path config;

    @Option(
            names = "--stream",
            paramLabel = "NAME",
            description =
                    "Of a source, the stream to read; default: the first that it discovers. Of a destination, what the names of targets begin"
                            + " with.")
    private String stream;

    ConformanceCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public OutputOptions output() {
        return output;
    }

    @Override
    public ExitCode call() {
        ConnectorModule connector = module.endsWith(".wasm") || module.contains("/")
                ? ConnectorModule.read(Path.of(module))
                : ConnectorModule.bundled(module);
        ConformanceReport report = ConformanceKit.verify(ConformanceSubject.of(
                        connector,
                        ConnectorConfigFile.read(
                                config,
                                context.environment(),
                                connector.name(),
                                connector.manifest().configSchema()))
                .withStream(stream == null ? null : StreamSpec.of(stream)));
        if (output.json()) {
            context.console().out().println(JsonOutput.text(json(connector, report)));
        } else if (output.verbosity() != Verbosity.QUIET || !report.conforms()) {
            text(connector, report);
        }
        return report.conforms() ? ExitCode.OK : ExitCode.FAILED;
    }

    private void text(ConnectorModule connector, ConformanceReport report) {
        TextTable table = TextTable.of(List.of(LEFT, LEFT, LEFT), "", "contract", "found");
        for (Finding finding : report.findings()) {
            String outcome = switch (finding.outcome()) {
                case KEPT -> "ok";
                case BROKEN -> "BROKEN";
                case NOT_TRIED -> "-";
            };
            table.add(outcome, finding.check(), finding.message());
        }
        table.lines().forEach(context.console().out()::println);
        context.console()
                .out()
                .printf(
                        "%n%s %s: %d contracts kept, %d broken, %d not tried.%n",
                        connector.name(),
                        connector.manifest().version(),
                        report.with(Finding.Outcome.KEPT).size(),
                        report.broken().size(),
                        report.with(Finding.Outcome.NOT_TRIED).size());
    }

    private static ObjectNode json(ConnectorModule connector, ConformanceReport report) {
        ObjectNode root = JsonOutput.object(report.conforms() ? "ok" : "failed")
                .put("connector", connector.name())
                .put("version", connector.manifest().version())
                .put("sha256", connector.sha256());
        root.putArray("contracts");
        for (Finding finding : report.findings()) {
            root.withArray("contracts")
                    .addObject()
                    .put("name", finding.check())
                    .put("outcome", finding.outcome().jsonName())
                    .put("message", finding.message());
        }
        return root;
    }
}
