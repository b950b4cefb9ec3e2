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
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.StreamSupport;

/** A pipeline file that was read and is valid as far as that can be told without its connectors. */
public final class PipelineFile {
    /** A pipeline is a page of text; something larger is the wrong file. */
    private static final long MAX_FILE_BYTES = 1024 * 1024;

    private static final Comparator<ConfigProblem> BY_PLACE = Comparator.comparing(
                    ConfigProblem::location,
                    Comparator.comparingInt(Location::line).thenComparingInt(Location::column))
            .thenComparing(ConfigProblem::field);

    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private final Document document;
    private final Pipeline pipeline;

    private PipelineFile(Document document, Pipeline pipeline) {
        this.document = document;
        this.pipeline = pipeline;
    }

    /**
     * Reads a file.
     *
     * @param file the file; its problems name it as it is given here, and paths in it are relative to its folder
     * @param environment the value of an environment variable, or null when it is not set
     * @throws ConfigurationException when it cannot be read or is not valid, with all of its problems
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
        YamlNode root = YamlReader.read(name, text, problems);
        Document document = Document.of(name, root, new Substitution(environment, folder), problems);
        problems.addAll(SchemaHolder.PIPELINE.validate(document, ""));
        refuseAny(problems);
        problems.addAll(meaning(document));
        problems.addAll(NotRunYet.problems(document));
        refuseAny(problems);
        return new PipelineFile(
                document, map(document.root(), folder.resolve(Path.of(name).getFileName()), folder));
    }

    /** Returns the pipeline. */
    public Pipeline pipeline() {
        return pipeline;
    }

    /**
     * Validates the configuration of a connector against the schema of its manifest. Values that came from variables take the
     * types the schema asks for.
     *
     * @return the problems, each naming the connector
     */
    public List<ConfigProblem> validateConfig(ConnectorUse use, String connector, JsonNode configSchema) {
        String pointer = "/" + use.section() + "/config";
        if (document.root().at(pointer).isMissingNode()) {
            ((ObjectNode) document.root().get(use.section())).set("config", use.config());
        }
        return SchemaValidator.of(configSchema).validate(document, pointer).stream()
                .map(each -> new ConfigProblem(
                        each.file(), each.location(), each.field(), each.message() + " [" + connector + "]"))
                .sorted(BY_PLACE)
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

    private static void refuseAny(List<ConfigProblem> problems) {
        if (!problems.isEmpty()) {
            throw new ConfigurationException(
                    problems.stream().distinct().sorted(BY_PLACE).toList());
        }
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

    /** What a schema cannot say. */
    private static List<ConfigProblem> meaning(Document document) {
        List<ConfigProblem> problems = new ArrayList<>();
        Map<String, Integer> firstWithName = new HashMap<>();
        JsonNode streams = document.root().at("/source/streams");
        for (int i = 0; i < streams.size(); i++) {
            String stream = "/source/streams/" + i;
            String name = streams.get(i).get("name").asText();
            Integer earlier = firstWithName.putIfAbsent(name, i);
            if (earlier != null) {
                problems.add(document.problem(
                        stream + "/name",
                        "the stream '" + name + "' is already in line "
                                + document.valueAt("/source/streams/" + earlier + "/name")
                                        .line()
                                + "; name each stream once"));
            }
            String mode = streams.get(i).path("sync_mode").asText();
            if (mode.equals("incremental") && !streams.get(i).has("cursor_field")) {
                problems.add(document.problem(stream, "an incremental stream needs a cursor_field"));
            }
        }
        JsonNode destination = document.root().get("destination");
        if (destination.get("write_mode").asText().equals("upsert") && !destination.has("primary_key")) {
            problems.add(document.problem(
                    "/destination/write_mode",
                    "upsert needs destination.primary_key, the columns that identify a row"));
        }
        long gibibyte = ByteSize.parse("1gb").bytes();
        for (String section : List.of("source", "destination")) {
            size(document, "/" + section + "/limits/max_memory", 1, 4 * gibibyte, problems);
        }
        size(document, "/resources/max_memory", 1, 4 * gibibyte, problems);
        size(document, "/resources/max_batch_bytes", 16 * 1024, gibibyte, problems);
        size(document, "/resources/max_record_bytes", 1, gibibyte, problems);
        size(document, "/resources/checkpoint_interval_bytes", 0, 1024 * gibibyte, problems);
        return problems;
    }

    private static void size(Document document, String pointer, long least, long most, List<ConfigProblem> problems) {
        JsonNode node = document.root().at(pointer);
        if (node.isMissingNode()) {
            return;
        }
        String shown = node.asText();
        String expected = "expected a size from " + new ByteSize(least) + " to " + new ByteSize(most);
        try {
            long bytes = node.isNumber() ? node.asLong() : ByteSize.parse(shown).bytes();
            if (bytes < least || bytes > most) {
                problems.add(document.problem(pointer, expected + ", found " + shown));
            }
        } catch (IllegalArgumentException e) {
            problems.add(document.problem(pointer, expected + "; " + e.getMessage()));
        }
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
                node.get("use").asText(),
                node.hasNonNull("sha256") ? node.get("sha256").asText().toLowerCase(Locale.ROOT) : null,
                node.path("config") instanceof ObjectNode config ? config : MAPPER.createObjectNode(),
                node.hasNonNull("permissions")
                        ? convert(node.get("permissions"), Permissions.class)
                        : Permissions.UNRESTRICTED,
                node.hasNonNull("limits") ? convert(node.get("limits"), LimitsSection.class) : LimitsSection.NONE);
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
        static final SchemaValidator PIPELINE = SchemaValidator.of(load());

        private static JsonNode load() {
            try (InputStream schema = PipelineFile.class.getResourceAsStream("pipeline.schema.json")) {
                return MAPPER.readTree(schema);
            } catch (IOException e) {
                throw new IllegalStateException("the pipeline schema is missing from this build", e);
            }
        }
    }
}
