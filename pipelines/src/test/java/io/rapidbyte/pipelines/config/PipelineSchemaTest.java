// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.emptyOrNullString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The schema explains every field, and so does its page. */
class PipelineSchemaTest {
    private static final Path PAGE = Path.of("../docs/pipeline-file.md");
    /** A row of the page's tables: field, type, default. */
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([^`]+)` \\|[^|]*\\| ?([^|]*?) ?\\|");

    private final JsonNode schema = PipelineSchema.bare();

    /** By path, {@code *} for any connector. */
    private final Map<String, JsonNode> fields = new TreeMap<>();

    @Test
    void everyFieldIsDescribed() {
        collect("", schema);

        fields.forEach(
                (path, field) -> assertThat(path, field.path("description").asText(), is(not(emptyOrNullString()))));
    }

    @Test
    void thePageHasEveryFieldWithItsDefaultAndNoOther() throws IOException {
        collect("", schema);
        Map<String, String> expected = new TreeMap<>();
        fields.forEach((path, field) -> {
            boolean holdsFields =
                    field.has("properties") || resolved(field.path("items")).has("properties");
            boolean isConnector = path.equals("transforms");
            if (!holdsFields && !isConnector) {
                JsonNode value = field.path("default");
                expected.put(
                        path, value.isMissingNode() ? "" : "`" + (value.isTextual() ? value.asText() : value) + "`");
            }
        });
        Map<String, String> documented = new TreeMap<>();
        Matcher row = ROW.matcher(Files.readString(PAGE));
        while (row.find()) {
            documented.put(row.group(1), row.group(2).equals("*required*") ? "" : row.group(2));
        }

        assertThat(documented, is(expected));
    }

    @Test
    void whatAConnectorsSchemaRefersToInItselfIsFoundInTheWhole() throws IOException {
        JsonNode config = new ObjectMapper().readTree("""
                {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.com/c",
                 "required": ["port"], "properties": {"port": {"$ref": "#/$defs/port"}}, "$defs": {"port": {"type": "integer"}}}
                """);

        JsonNode whole = PipelineSchema.forEditors(Map.of("source-example", config), Map.of());

        JsonNode moved = whole.at("/$defs/source-example-config");
        assertThat(moved.at("/properties/port/$ref").asText(), is("#/$defs/source-example-config/$defs/port"));
        assertThat(
                whole.at("/$defs/source-example-config/$defs/port/anyOf/0/type").asText(), is("integer"));
        assertThat(moved.has("$id"), is(false));
        assertThat(
                whole.at("/properties/source/allOf/0/if/properties/use/const").asText(), is("source-example"));
        assertThat(whole.at("/properties/source/allOf/0/then/required/0").asText(), is("config"));
    }

    private void collect(String path, JsonNode node) {
        JsonNode properties = node.path("properties");
        properties.fieldNames().forEachRemaining(name -> {
            JsonNode field = resolved(properties.get(name));
            String whole = (path.isEmpty() ? "" : path + ".") + name;
            String shared = whole.replaceFirst(
                    "^(source|destination|transforms\\[\\])\\.(?=(use|sha256|config|permissions|limits)\\b)", "*.");
            fields.put(shared, field);
            collect(whole, field);
            if (field.has("items")) {
                collect(whole + "[]", resolved(field.get("items")));
            }
        });
    }

    /** What stands beside a reference comes before what it refers to. */
    private JsonNode resolved(JsonNode field) {
        if (!field.has("$ref")) {
            return field;
        }
        ObjectNode resolved = schema.at(field.get("$ref").asText().substring(1)).deepCopy();
        resolved.setAll((ObjectNode) field);
        resolved.remove(List.of("$ref"));
        return resolved;
    }
}
