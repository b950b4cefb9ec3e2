// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.pipelines.scaffold.Scaffold;
import io.rapidbyte.pipelines.scaffold.ScaffoldException;
import io.rapidbyte.wasm.Role;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code rapidbyte scaffold}. */
@Command(
        name = "scaffold",
        description =
                "Writes the beginning of a new connector: a Rust crate that builds, passes the conformance kit, and comes with tests and"
                        + " a pipeline file.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./rapidbyte scaffold source-files",
            "  ./rapidbyte scaffold dest-files --role destination --directory ../connectors",
            "",
            "Read on: docs/writing-a-connector.md goes from here to a connector that runs."
        },
        mixinStandardHelpOptions = true)
final class ScaffoldCommand implements RapidbyteCommand {
    /** What can be scaffolded. */
    enum Kind {
        SOURCE,
        DESTINATION;

        @Override
        public String toString() {
            return role().jsonName();
        }

        Role role() {
            return this == SOURCE ? Role.SOURCE : Role.DESTINATION;
        }
    }

    private final CommandContext context;

    @Spec
    private CommandSpec spec;

    @Mixin
    private OutputOptions output;

    @Parameters(
            paramLabel = "NAME",
            description = "The connector's name: lower-case letters, digits and hyphens, for example source-files.")
    private String name;

    @Option(
            names = "--role",
            paramLabel = "ROLE",
            defaultValue = "source",
            description = "What it does: ${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
    private Kind kind;

    @Option(
            names = "--directory",
            paramLabel = "DIR",
            description =
                    "The crate's folder, which must be empty or not there; default: a folder of the connector's name.")
    private Path directory;

    @Option(
            names = "--sdk",
            paramLabel = "DIR",
            description =
                    "The folder connectors/sdk of a source tree of Rapidbyte; default: that of the tree this program runs from.")
    private Path sdk;

    ScaffoldCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public OutputOptions output() {
        return output;
    }

    @Override
    public ExitCode call() {
        Path folder = directory == null ? Path.of(name) : directory;
        List<String> files;
        try {
            files = Scaffold.write(name, kind.role(), folder, sdk);
        } catch (ScaffoldException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        PrintStream out = context.console().out();
        if (output.json()) {
            ObjectNode root = JsonOutput.object("ok")
                    .put("name", name)
                    .put("role", kind.toString())
                    .put("directory", folder.toString());
            files.forEach(root.withArray("files")::add);
            out.println(JsonOutput.text(root));
        } else if (output.verbosity() != Verbosity.QUIET) {
            out.printf("The %s %s is in %s:%n", kind, name, folder);
            files.forEach(file -> out.println("  " + file));
            out.printf("Build and try it:%n");
            out.println("  cd " + folder);
            out.println("  ./build.sh --test && ./build.sh");
            out.println("  rapidbyte conformance " + name + ".wasm");
        }
        return ExitCode.OK;
    }
}
