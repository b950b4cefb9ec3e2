// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaException;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;

/**
 * Validates a part of a document against a JSON Schema (draft 2020-12) and says what is wrong in sentences. Beside the
 * standard keywords a schema may have {@code x-expected}, the words for what a {@code pattern} asks for, and
 * {@code x-secret}, whose value is never shown.
 *
 * <p>A value that came from a variable is text; it takes the type the schema asks for when it can be read as one.
 */
final class SchemaValidator {
    private static final Set<String> COMBINATORS = Set.of("anyOf", "oneOf", "not", "if");

    private final JsonNode schemaTree;
    private final Schema schema;

    private SchemaValidator(JsonNode schemaTree, Schema schema) {
        this.schemaTree = schemaTree;
        this.schema = schema;
    }

    /**
     * Prepares a schema.
     *
     * @throws IllegalArgumentException when it is no valid JSON Schema
     */
    static SchemaValidator of(JsonNode schemaTree) {
        try {
            // References are resolved inside the schema only: the registry fetches nothing from a network or a file.
            SchemaRegistry registry = SchemaRegistry.withDefaultDialect(
                    SpecificationVersion.DRAFT_2020_12,
                    builder -> builder.schemaLoader(loader -> loader.fetchRemoteResources(false)));
            return new SchemaValidator(schemaTree, registry.getSchema(schemaTree.toString(), InputFormat.JSON));
        } catch (SchemaException e) {
            throw new IllegalArgumentException("not a valid JSON Schema: " + e.getMessage(), e);
        }
    }

    /** Validates the value at the pointer and returns its problems, with their place in the whole document. */
    List<ConfigProblem> validate(Document document, String base) {
        List<Error> errors = errors(document, base);
        boolean coerced = false;
        for (Error error : errors) {
            coerced |= coerce(document, base, error);
        }
        Set<ConfigProblem> problems = new LinkedHashSet<>();
        for (Error error : coerced ? errors(document, base) : errors) {
            problem(document, base, error).ifPresent(problems::add);
        }
        return new ArrayList<>(problems);
    }

    private List<Error> errors(Document document, String base) {
        return schema.validate(document.root().at(base).toString(), InputFormat.JSON);
    }

    /** Gives a value that came from a variable the type that is asked for; tells whether it did. */
    private boolean coerce(Document document, String base, Error error) {
        String pointer = base + error.getInstanceLocation();
        JsonNode value = document.root().at(pointer);
        if (document.writtenAs(pointer) == null || !value.isTextual()) {
            return false;
        }
        JsonNode types = subschema(error).path("type");
        String text = value.textValue();
        if (names(types, "integer") && text.matches("-?\\d{1,40}")) {
            document.replace(pointer, Scalars.integer(new BigInteger(text)));
        } else if (names(types, "number") && text.matches("-?\\d{1,40}(\\.\\d{1,40})?([eE][+-]?\\d{1,3})?")) {
            document.replace(pointer, DecimalNode.valueOf(new BigDecimal(text)));
        } else if (names(types, "boolean") && text.matches("true|false")) {
            document.replace(pointer, BooleanNode.valueOf(Boolean.parseBoolean(text)));
        } else {
            return false;
        }
        return true;
    }

    private static boolean names(JsonNode types, String type) {
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

    private Optional<ConfigProblem> problem(Document document, String base, Error error) {
        String path = error.getEvaluationPath().toString();
        boolean insideAlternative =
                FieldPath.steps(FieldPath.parent(path)).stream().anyMatch(COMBINATORS::contains);
        if (insideAlternative) {
            // The combinator reports itself; why each of its alternatives does not fit would only confuse.
            return Optional.empty();
        }
        String pointer = base + error.getInstanceLocation();
        if (document.isUnresolved(pointer)) {
            return Optional.empty();
        }
        JsonNode rules = subschema(error);
        JsonNode value = document.root().at(pointer);
        return Optional.of(
                switch (error.getKeyword()) {
                    case "additionalProperties", "unevaluatedProperties" -> {
                        List<String> known = new ArrayList<>();
                        rules.path("properties").fieldNames().forEachRemaining(known::add);
                        String name = String.valueOf(error.getProperty());
                        yield document.keyProblem(
                                FieldPath.child(pointer, name),
                                "unknown field" + Suggestions.didYouMean(name, known) + " (known here: "
                                        + String.join(", ", known) + ")");
                    }
                    case "required" -> {
                        String name = String.valueOf(error.getProperty());
                        String meaning = rules.path("properties")
                                .path(name)
                                .path("description")
                                .asText("");
                        yield document.problem(
                                pointer,
                                "the field '" + name + "' is missing" + (meaning.isEmpty() ? "" : ": " + meaning));
                    }
                    case "type" ->
                        document.problem(
                                pointer,
                                "expected " + rules.path("x-expected").asText(types(rules.path("type"))) + ", found "
                                        + found(document, pointer, rules) + quotesHint(rules, value));
                    case "enum", "const" -> {
                        List<String> allowed = allowed(rules, error.getKeyword());
                        yield document.problem(
                                pointer,
                                "expected " + (allowed.size() > 1 ? "one of " : "") + String.join(", ", allowed)
                                        + ", found " + found(document, pointer, rules)
                                        + (value.isTextual()
                                                        && !rules.path("x-secret")
                                                                .asBoolean()
                                                ? Suggestions.didYouMean(value.textValue(), allowed)
                                                : ""));
                    }
                    case "minLength", "minItems", "minProperties" ->
                        document.problem(
                                pointer,
                                rules.path(error.getKeyword()).asInt() == 1
                                        ? "must not be empty"
                                        : "expected at least "
                                                + rules.path(error.getKeyword()).asText() + ", found "
                                                + found(document, pointer, rules));
                    case "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "pattern" ->
                        document.problem(
                                pointer,
                                "expected " + expected(rules, error.getKeyword()) + ", found "
                                        + found(document, pointer, rules));
                    case "uniqueItems" -> document.problem(pointer, "the same element occurs twice");
                    default ->
                        document.problem(
                                pointer,
                                rules.has("x-expected")
                                        ? "expected " + rules.path("x-expected").asText() + ", found "
                                                + found(document, pointer, rules)
                                        : "does not fit the rule '" + error.getKeyword() + "' of its schema");
                });
    }

    private static String expected(JsonNode rules, String keyword) {
        if (rules.has("x-expected")) {
            return rules.path("x-expected").asText();
        }
        String bound = rules.path(keyword).asText();
        boolean bounds = keyword.equals("minimum") || keyword.equals("maximum");
        if (bounds && rules.has("minimum") && rules.has("maximum")) {
            return "a number from " + rules.path("minimum").asText() + " to "
                    + rules.path("maximum").asText();
        }
        return switch (keyword) {
            case "minimum" -> "at least " + bound;
            case "exclusiveMinimum" -> "more than " + bound;
            case "maximum" -> "at most " + bound;
            case "exclusiveMaximum" -> "less than " + bound;
            default -> "text of the form " + bound;
        };
    }

    private static List<String> allowed(JsonNode rules, String keyword) {
        if (keyword.equals("const")) {
            return List.of(rules.path("const").asText());
        }
        Set<String> allowed = new LinkedHashSet<>();
        rules.path("enum").forEach(each -> allowed.add(each.asText()));
        return List.copyOf(allowed);
    }

    private static String types(JsonNode types) {
        if (types.isTextual()) {
            return type(types.textValue());
        }
        StringJoiner all = new StringJoiner(" or ");
        types.forEach(each -> all.add(type(each.asText())));
        return all.toString();
    }

    private static String type(String name) {
        return switch (name) {
            case "integer" -> "a whole number";
            case "number" -> "a number";
            case "string" -> "text";
            case "boolean" -> "true or false";
            case "array" -> "a list";
            case "object" -> "a mapping";
            case "null" -> "nothing";
            default -> name;
        };
    }

    /** Says what is there: never a secret, and of a variable only its name. */
    private static String found(Document document, String pointer, JsonNode rules) {
        JsonNode value = document.root().at(pointer);
        boolean secret = rules.path("x-secret").asBoolean();
        if (document.writtenAs(pointer) != null) {
            // The default that stands beside a variable's name is as secret as its value.
            return secret ? "another value" : "another value in " + quoted(document.writtenAs(pointer));
        }
        return switch (value.getNodeType()) {
            case OBJECT -> "a mapping";
            case ARRAY -> value.isEmpty() ? "an empty list" : "a list";
            case NULL, MISSING -> "nothing";
            case STRING -> secret ? "other text" : "the text " + quoted(value.textValue());
            default -> secret ? "another value" : value.asText();
        };
    }

    private static String quotesHint(JsonNode rules, JsonNode value) {
        boolean scalar = value.isNumber() || value.isBoolean();
        return scalar && names(rules.path("type"), "string") ? "; put it in quotes to make it text" : "";
    }

    private static String quoted(String text) {
        String line = text.replaceAll("\\p{Cntrl}+", " ");
        return "'" + (line.length() > 60 ? line.substring(0, 57) + "..." : line) + "'";
    }

    /** The object of the schema whose keyword was not satisfied. */
    private JsonNode subschema(Error error) {
        String location = error.getSchemaLocation().toString();
        String fragment = location.substring(location.indexOf('#') + 1);
        return schemaTree.at(FieldPath.parent(fragment));
    }
}
