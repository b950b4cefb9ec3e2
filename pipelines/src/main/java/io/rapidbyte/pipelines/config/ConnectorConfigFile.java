// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** A file that holds the configuration of one connector and nothing else: what stands below {@code config} in a pipeline file. */
public final class ConnectorConfigFile {
    private ConnectorConfigFile() {}

    /**
     * Reads a file, YAML or JSON, puts variables in as in a pipeline file, and validates it.
     *
     * @param file null for an empty configuration, which is validated, too
     * @param environment the value of an environment variable, or null when it is not set
     * @param connector what its problems call the connector
     * @param configSchema the schema of the connector's manifest
     * @return a JSON object
     * @throws ConfigurationException when it cannot be read or is not valid, with all of its problems
     */
    public static String read(Path file, UnaryOperator<String> environment, String connector, JsonNode configSchema) {
        String name = file == null ? "the empty configuration" : file.toString();
        List<ConfigProblem> problems = new ArrayList<>();
        YamlNode root = YamlReader.read(name, file == null ? "{}" : content(file), problems);
        Path folder = file == null ? Path.of("") : file.toAbsolutePath().getParent();
        Document document = Document.of(name, root, new Substitution(environment, folder), problems);
        if (problems.isEmpty()) {
            for (ConfigProblem each : SchemaValidator.of(configSchema).validate(document, "")) {
                problems.add(new ConfigProblem(
                        each.file(), each.location(), each.field(), each.message() + " [" + connector + "]"));
            }
        }
        if (problems.isEmpty() && !document.root().isObject()) {
            problems.add(document.problem("", "expected a mapping, the members of the connector's configuration"));
        }
        if (!problems.isEmpty()) {
            throw new ConfigurationException(problems);
        }
        return document.root().toString();
    }

    private static String content(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new ConfigurationException(List.of(new ConfigProblem(
                    file.toString(),
                    Location.START,
                    "",
                    "the file cannot be read (" + e.getClass().getSimpleName()
                            + "); expected the configuration of a connector")));
        }
    }
}
