// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

/**
 * A pipeline file that was read. It may be wrong in many ways: {@link #problems} has what can be told without its connectors,
 * so that it can be shown together with what they find.
 */
public final class PipelineFile {
    /** A pipeline is a page of text; something larger is the wrong file. */
    private static final long MAX_FILE_BYTES = 1024 * 1024;

    /** Some editors begin a file with it. */
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private static final Pattern SHA256 = Pattern.compile("[0-9a-fA-F]{64}");

    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private final Document document;
    private final Path file;
    private final Path folder;
    private final List<ConfigProblem> problems;

    private PipelineFile(Document document, Path file, Path folder, List<ConfigProblem> problems) {
        this.document = document;
        this.file = file;
        this.folder = folder;
        this.problems = List.copyOf(problems);
    }

    /**
     * Reads a file.
     *
     * @param file the file; its problems name it as it is given here, and paths in it are relative to its folder
     * @param environment the value of an environment variable, or null when it is not set
     * @throws ConfigurationException when it cannot be read or is no YAML
     */
    public static PipelineFile read(Path file, UnaryOperator<String> environment) {
        return parse(file.toString(), content(file), file.toAbsolutePath().getParent(), environment);
    }

    /**
     * Reads a pipeline from text.
     *
     * @param name what its problems call it
     * @param folder the folder its relative paths start from
     * @see #read
     */
    public static PipelineFile parse(String name, String text, Path folder, UnaryOperator<String> environment) {
        List<ConfigProblem> problems = new ArrayList<>();
        YamlNode root = YamlReader.read(name, text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text, problems);
        Document document = Document.of(name, root, new Substitution(environment, folder), problems);
        problems.addAll(SchemaHolder.PIPELINE.validate(document, ""));
        problems.addAll(PipelineRules.problems(document));
        problems.addAll(NotRunYet.problems(document));
        for (String section : List.of("source", "destination")) {
            if (document.root().path(section) instanceof ObjectNode connector && !connector.has("config")) {
                connector.putObject("config");
            }
        }
        return new PipelineFile(document, folder.resolve(Path.of(name).getFileName()), folder, problems);
    }

    /** Returns what is wrong with the file as far as that can be told without its connectors; empty when nothing is. */
    public List<ConfigProblem> problems() {
        return problems;
    }

    /**
     * Returns the pipeline.
     *
     * @throws ConfigurationException when there are {@link #problems}, with all of them
     */
    public Pipeline pipeline() {
        if (!problems.isEmpty()) {
            throw new ConfigurationException(problems);
        }
        return map(document.root(), file, folder);
    }

    /** Returns the folder that the pipeline's relative paths start from. */
    public Path folder() {
        return folder;
    }

    /**
     * Returns the connector that a section asks for, whatever else is wrong with the file; empty when not even that is said.
     *
     * @param section {@code source} or {@code destination}
     */
    public Optional<ConnectorUse> connector(String section) {
        String use = "/" + section + "/use";
        return text(use)
                .map(ConnectorUse::withoutPin)
                .filter(name -> !name.isEmpty())
                .map(name -> new ConnectorUse(
                        section,
                        name,
                        checksum(document.root().path(section)),
                        document.root().path(section).path("config") instanceof ObjectNode config
                                ? config
                                : MAPPER.createObjectNode(),
                        Permissions.UNRESTRICTED,
                        LimitsSection.NONE));
    }

    /**
     * Returns a text of the file with variables put in; empty when there is none at the pointer, or one without a value.
     *
     * @param pointer a JSON pointer
     */
    public Optional<String> text(String pointer) {
        JsonNode value = document.root().at(pointer);
        return value.isTextual() && !document.isUnresolved(pointer) ? Optional.of(value.textValue()) : Optional.empty();
    }

    /** Returns how many elements the list at the pointer has; 0 when there is none. */
    public int size(String pointer) {
        JsonNode value = document.root().at(pointer);
        return value.isArray() ? value.size() : 0;
    }

    /** Whether the file says something at the pointer. */
    public boolean says(String pointer) {
        return !document.root().at(pointer).isMissingNode();
    }

    /** Returns how a scalar of the file is shown to people: as it stands there, without what was put into it. */
    public String shown(String pointer) {
        return document.shown(pointer);
    }

    /**
     * Validates the configuration of a connector against the schema of its manifest. Values that came from variables take the
     * types the schema asks for.
     *
     * @param section {@code source} or {@code destination}
     * @param connector the connector's name
     * @return the problems, each naming the connector
     */
    public List<ConfigProblem> validateConfig(String section, String connector, JsonNode configSchema) {
        String pointer = "/" + section + "/config";
        if (!document.root().at(pointer).isObject()) {
            // Of which the file's own schema speaks.
            return List.of();
        }
        return SchemaValidator.of(configSchema).validate(document, pointer).stream()
                .map(each -> new ConfigProblem(
                        each.file(), each.location(), each.field(), each.message() + " [" + connector + "]"))
                .toList();
    }

    /**
     * Returns a problem with a field of this file.
     *
     * @param pointer the JSON pointer of the field
     */
    public ConfigProblem problem(String pointer, String message) {
        return document.problem(pointer, message);
    }

    private static String content(Path file) {
        String reason;
        try {
            if (Files.isDirectory(file)) {
                reason = "this is a folder; expected a pipeline file";
            } else if (Files.exists(file) && Files.size(file) > MAX_FILE_BYTES) {
                reason = "the file has " + Files.size(file) + " bytes; a pipeline file has at most " + MAX_FILE_BYTES;
            } else {
                return Files.readString(file);
            }
        } catch (NoSuchFileException e) {
            reason = "there is no such file";
        } catch (CharacterCodingException e) {
            reason = "the file is not UTF-8 text";
        } catch (IOException e) {
            reason = "the file cannot be read (" + e.getMessage() + ")";
        }
        throw new ConfigurationException(List.of(new ConfigProblem(file.toString(), Location.START, "", reason)));
    }

    private static Pipeline map(JsonNode root, Path file, Path folder) {
        JsonNode source = root.get("source");
        JsonNode destination = root.get("destination");
        if (destination.path("schema_evolution").path("type_change").isNull()) {
            // Who writes the word without quotes, as YAML's own null, means the word.
            ((ObjectNode) destination.get("schema_evolution")).put("type_change", "null");
        }
        return new Pipeline(
                root.get("pipeline").asText(),
                file,
                folder,
                connector("source", source),
                StreamSupport.stream(source.get("streams").spliterator(), false)
                        .map(each -> convert(each, StreamSection.class))
                        .toList(),
                connector("destination", destination),
                destination.get("write_mode").asText(),
                StreamSupport.stream(destination.path("primary_key").spliterator(), false)
                        .map(JsonNode::asText)
                        .toList(),
                destination.path("on_data_error").asText("fail"),
                destination.hasNonNull("schema_evolution")
                        ? convert(destination.get("schema_evolution"), SchemaEvolutionSection.class)
                        : SchemaEvolutionSection.DEFAULTS,
                root.hasNonNull("resources") ? convert(root.get("resources"), Resources.class) : Resources.DEFAULTS,
                root.hasNonNull("state") ? convert(root.get("state"), StateSection.class) : StateSection.DEFAULTS);
    }

    private static ConnectorUse connector(String section, JsonNode node) {
        return new ConnectorUse(
                section,
                ConnectorUse.withoutPin(node.get("use").asText()),
                checksum(node),
                node.path("config") instanceof ObjectNode config ? config : MAPPER.createObjectNode(),
                node.hasNonNull("permissions")
                        ? convert(node.get("permissions"), Permissions.class)
                        : Permissions.UNRESTRICTED,
                node.hasNonNull("limits") ? convert(node.get("limits"), LimitsSection.class) : LimitsSection.NONE);
    }

    /** The checksum that a section asks for; null when there is none, or what is there is none. */
    private static String checksum(JsonNode node) {
        String pin = ConnectorUse.pin(node.path("use").asText());
        String checksum = node.path("sha256").asText(pin);
        return checksum != null && SHA256.matcher(checksum).matches() ? checksum.toLowerCase(Locale.ROOT) : null;
    }

    private static <T> T convert(JsonNode node, Class<T> type) {
        try {
            return MAPPER.treeToValue(node, type);
        } catch (JsonProcessingException e) {
            // The schema has admitted it: the two disagree, which is a defect of ours.
            throw new IllegalStateException("the schema admits what " + type.getSimpleName() + " does not", e);
        }
    }

    /** The schema is compiled when the first file is read, not when a command prints its help. */
    private static final class SchemaHolder {
        static final SchemaValidator PIPELINE = SchemaValidator.of(PipelineSchema.bare());
    }
}
