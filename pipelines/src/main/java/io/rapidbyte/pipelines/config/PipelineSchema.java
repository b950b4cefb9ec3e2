// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The JSON Schema (draft 2020-12) of pipeline files: as they are validated, and as editors need it. An editor sees a file
 * before variables are put in, so where a number, a word of a list or a text of a form is expected, its schema admits a text
 * with <code>${NAME}</code>, too.
 */
public final class PipelineSchema {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** What says which values are allowed, as opposed to what explains them. */
    private static final Set<String> CONSTRAINTS = Set.of(
            "type",
            "enum",
            "pattern",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "minLength",
            "maxLength",
            "format",
            "x-expected");

    /** Keywords whose values are schemas by name. */
    private static final Set<String> SCHEMAS_BY_NAME = Set.of("properties", "$defs", "patternProperties");

    private PipelineSchema() {}

    /** Returns the schema that files are validated with once variables are put in. It says nothing of connectors. */
    public static JsonNode bare() {
        try (InputStream schema = PipelineSchema.class.getResourceAsStream("pipeline.schema.json")) {
            return MAPPER.readTree(schema);
        } catch (IOException e) {
            throw new IllegalStateException("the pipeline schema is missing from this build", e);
        }
    }

    /**
     * Returns the schema for editors, which also knows what each connector's {@code config} may say.
     *
     * @param sources the schemas of the sources' configurations, by the connectors' names
     * @param destinations those of the destinations
     */
    public static JsonNode forEditors(Map<String, JsonNode> sources, Map<String, JsonNode> destinations) {
        ObjectNode root = (ObjectNode) bare();
        // As PipelineRules says it, with better words.
        require(root.at("/properties/destination"), "write_mode", "upsert", "primary_key");
        require(root.at("/properties/state"), "backend", "postgres", "connection");
        require(root.at("/$defs/stream"), "sync_mode", "incremental", "cursor_field");
        sources.forEach((name, config) -> connect(root, "source", name, config));
        destinations.forEach((name, config) -> connect(root, "destination", name, config));
        admitVariables(root);
        return root;
    }

    /** A section that uses the connector has a configuration of its form. */
    private static void connect(ObjectNode root, String section, String connector, JsonNode config) {
        String definition = connector + "-config";
        ObjectNode definitions = (ObjectNode) root.get("$defs");
        definitions.set(definition, moved(config, "#/$defs/" + definition));
        ObjectNode schema = (ObjectNode) root.at("/properties/" + section);
        ObjectNode use = (ObjectNode) schema.at("/properties/use");
        use.withArray("examples").add(connector);
        ObjectNode consequence = when(schema, "use", connector);
        if (!config.path("required").isEmpty()) {
            consequence.putArray("required").add("config");
        }
        consequence.putObject("properties").putObject("config").put("$ref", "#/$defs/" + definition);
    }

    private static void require(JsonNode schema, String field, String value, String required) {
        when((ObjectNode) schema, field, value).putArray("required").add(required);
    }

    /** Returns the empty schema that holds for objects whose field has the value. */
    private static ObjectNode when(ObjectNode schema, String field, String value) {
        ObjectNode rule = schema.withArray("allOf").addObject();
        ObjectNode condition = rule.putObject("if");
        condition.putArray("required").add(field);
        condition.putObject("properties").putObject(field).put("const", value);
        return rule.putObject("then");
    }

    /** A schema that has become a part of another one: what it refers to in itself has another place there. */
    private static JsonNode moved(JsonNode schema, String place) {
        JsonNode copy = schema.deepCopy();
        if (copy instanceof ObjectNode object) {
            object.remove(List.of("$schema", "$id"));
        }
        for (JsonNode each : copy.findParents("$ref")) {
            String reference = each.path("$ref").asText();
            if (reference.startsWith("#")) {
                ((ObjectNode) each).put("$ref", place + reference.substring(1));
            }
        }
        return copy;
    }

    private static void admitVariables(JsonNode schema) {
        if (!(schema instanceof ObjectNode object)) {
            return;
        }
        List<String> keywords = new ArrayList<>();
        object.fieldNames().forEachRemaining(keywords::add);
        for (String keyword : keywords) {
            if (SCHEMAS_BY_NAME.contains(keyword)) {
                object.get(keyword).forEach(PipelineSchema::admitVariables);
            } else if (keyword.equals("items")) {
                admitVariables(object.get(keyword));
            }
        }
        if (isScalar(object) && !admitsAnyText(object)) {
            ObjectNode value = MAPPER.createObjectNode();
            keywords.stream().filter(CONSTRAINTS::contains).forEach(each -> value.set(each, object.remove(each)));
            ArrayNode alternatives = object.putArray("anyOf");
            alternatives.add(value);
            alternatives.addObject().put("type", "string").put("pattern", "\\$\\{");
        }
    }

    private static boolean admitsAnyText(ObjectNode schema) {
        return names(schema, "string")
                && CONSTRAINTS.stream().filter(schema::has).allMatch(Set.of("type", "minLength")::contains);
    }

    private static boolean isScalar(ObjectNode schema) {
        return schema.has("enum") || schema.has("type") && !names(schema, "object") && !names(schema, "array");
    }

    private static boolean names(ObjectNode schema, String type) {
        JsonNode types = schema.path("type");
        if (types.isTextual()) {
            return types.textValue().equals(type);
        }
        for (JsonNode each : types) {
            if (each.asText().equals(type)) {
                return true;
            }
        }
        return false;
    }
}
