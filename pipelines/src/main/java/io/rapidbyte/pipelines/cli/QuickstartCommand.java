// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.pipelines.quickstart.CopyVerifier;
import io.rapidbyte.pipelines.quickstart.Quickstart;
import io.rapidbyte.pipelines.run.RunOptions;
import io.rapidbyte.pipelines.run.RunnerKind;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code rapidbyte quickstart}. */
@Command(
        name = "quickstart",
        header = "Copies a sample shop between two schemas, and proves the copy.",
        description =
                "Shows that everything works, in a minute: starts a Postgres server of its own, fills it with a sample shop,"
                        + " copies every table through the connectors, and compares the copies with their sources in SQL. Needs"
                        + " nothing but this program, and leaves nothing running.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./rapidbyte quickstart",
            "  ./rapidbyte quickstart --rows 20000 --runner flink",
            "",
            "Read on: README.md"
        },
        mixinStandardHelpOptions = true)
final class QuickstartCommand implements RapidbyteCommand {
    private static final Logger LOG = LoggerFactory.getLogger(QuickstartCommand.class);

    private final CommandContext context;

    @Spec
    private CommandSpec spec;

    @Mixin
    private OutputOptions output;

    @Option(
            names = "--rows",
            paramLabel = "N",
            defaultValue = "1000000",
            description = "Rows of the largest table, from 1 to 1,000,000,000. Default: ${DEFAULT-VALUE}.")
    private long rows;

    @Option(
            names = "--runner",
            paramLabel = "NAME",
            defaultValue = "direct",
            converter = RunnerConverter.class,
            completionCandidates = RunnerConverter.Names.class,
            description =
                    "What runs the pipeline: direct, on threads of this process, or flink, embedded in it. Default:"
                            + " ${DEFAULT-VALUE}.")
    private RunnerKind runner;

    @Option(
            names = "--keep-file",
            paramLabel = "FILE",
            defaultValue = ".rapidbyte/quickstart.yaml",
            description = "Where the pipeline file that is run is written to. Default: ${DEFAULT-VALUE}.")
    private Path file;

    QuickstartCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public OutputOptions output() {
        return output;
    }

    @Override
    public ExitCode call() throws InterruptedException {
        if (rows < 1 || rows > 1_000_000_000) {
            throw new ParameterException(
                    spec.commandLine(), "--rows: expected a number from 1 to 1,000,000,000, found " + rows + ".");
        }
        Quickstart.Result result = quickstart();
        PrintStream out = context.console().out();
        if (output.json() && result.equal()) {
            out.println(JsonOutput.text(json(result)));
        } else if (!output.json() && output.verbosity() != Verbosity.QUIET) {
            SummaryText.of(result.summary(), verified(result)).forEach(out::println);
            out.printf(
                    "%nBeside the run: server %s s, sample %s s, comparison %s s.%n",
                    Numbers.seconds(result.serverSeconds()),
                    Numbers.seconds(result.fillSeconds()),
                    Numbers.seconds(result.verifySeconds()));
        }
        if (!result.equal()) {
            throw new CommandFailedException(
                    FailureKind.DATA,
                    "The copy is not equal to its source: " + differences(result) + ".",
                    json(result));
        }
        if (!output.json() && output.verbosity() != Verbosity.QUIET) {
            out.printf(
                    "All %d tables are equal to their source.%n%n",
                    result.verdicts().size());
            out.println("What ran is in " + file + ": put in your own servers and tables, then");
            out.println("  ./rapidbyte check " + file);
            out.println("  ./rapidbyte run " + file);
        }
        return ExitCode.OK;
    }

    private Quickstart.Result quickstart() throws InterruptedException {
        RunOptions options = new RunOptions(runner, context.progress(output));
        try {
            if (file.toAbsolutePath().getParent() != null) {
                Files.createDirectories(file.toAbsolutePath().getParent());
            }
            return new Quickstart(rows, options, context.environment()).run(file);
        } catch (IOException e) {
            LOG.info("the quick start failed", e);
            throw new CommandFailedException(FailureKind.UNAVAILABLE, e.getMessage(), e);
        } catch (SQLException e) {
            throw new CommandFailedException(
                    FailureKind.INTERNAL,
                    "The embedded server refused a statement of the quick start: " + e.getMessage(),
                    e);
        }
    }

    private static Map<String, String> verified(Quickstart.Result result) {
        Map<String, String> verified = new LinkedHashMap<>();
        result.verdicts().forEach(each -> verified.put(each.table(), each.equal() ? "equal" : "DIFFERENT"));
        return verified;
    }

    private static String differences(Quickstart.Result result) {
        StringBuilder text = new StringBuilder();
        for (CopyVerifier.Verdict verdict : result.verdicts()) {
            if (!verdict.equal()) {
                text.append(text.isEmpty() ? "" : "; ")
                        .append(verdict.table())
                        .append(": ")
                        .append(String.join(", ", verdict.differences()));
            }
        }
        return text.toString();
    }

    private ObjectNode json(Quickstart.Result result) {
        ObjectNode root = JsonOutput.summary(result.summary());
        root.put("status", result.equal() ? "ok" : "failed")
                .put("verified", result.equal())
                .put("pipeline_file", file.toString())
                .put("server_seconds", result.serverSeconds())
                .put("fill_seconds", result.fillSeconds())
                .put("verify_seconds", result.verifySeconds());
        for (CopyVerifier.Verdict verdict : result.verdicts()) {
            for (JsonNode stream : root.withArray("streams")) {
                if (stream.path("stream").asText().equals(verdict.table())) {
                    ObjectNode node = (ObjectNode) stream;
                    node.put("verified", verdict.equal()).put("checksum", verdict.checksum());
                    verdict.differences().forEach(node.withArray("differences")::add);
                }
            }
        }
        return root;
    }
}
