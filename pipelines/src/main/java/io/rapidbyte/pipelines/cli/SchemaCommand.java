// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.pipelines.config.PipelineSchema;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.Role;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code rapidbyte schema}. */
@Command(
        name = "schema",
        description = {
            "Writes the JSON Schema of pipeline files to standard output, for editors and validators.",
            "An editor takes it for a file that begins with:%n  # yaml-language-server: $schema=PATH_OR_ADDRESS"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./rapidbyte schema > pipeline.schema.json",
            "  ./rapidbyte schema --bare",
            "",
            "Read on: docs/pipeline-file.md says how an editor is told of it."
        },
        mixinStandardHelpOptions = true)
final class SchemaCommand implements RapidbyteCommand {
    private final CommandContext context;

    @Mixin
    private OutputOptions output;

    @Option(names = "--bare", description = "Leave out what the bundled connectors' configurations may say.")
    private boolean bare;

    SchemaCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public OutputOptions output() {
        return output;
    }

    @Override
    public ExitCode call() {
        context.console().out().println(text(bare ? List.of() : ConnectorModule.bundledNames()));
        return ExitCode.OK;
    }

    /** Returns the schema with the configurations of these bundled connectors. */
    static String text(Collection<String> connectors) {
        Map<String, JsonNode> sources = new TreeMap<>();
        Map<String, JsonNode> destinations = new TreeMap<>();
        for (String name : connectors) {
            ConnectorModule module = ConnectorModule.bundled(name);
            Role role = module.manifest().role();
            if (role != Role.TRANSFORM) {
                (role == Role.SOURCE ? sources : destinations)
                        .put(name, module.manifest().configSchema());
            }
        }
        Separators separators =
                Separators.createDefaultInstance().withObjectFieldValueSpacing(Separators.Spacing.AFTER);
        DefaultPrettyPrinter printer =
                new DefaultPrettyPrinter(separators).withObjectIndenter(new DefaultIndenter("  ", "\n"));
        try {
            return new ObjectMapper()
                    .writer(printer)
                    .writeValueAsString(PipelineSchema.forEditors(sources, destinations));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of JSON values could not be written", e);
        }
    }
}
