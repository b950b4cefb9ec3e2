// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The content of a pipeline file as JSON, and where each part of it stands in the file. All parts are addressed by JSON
 * pointer.
 */
final class Document {
    /** Aliases of aliases can blow a short file up without end. */
    private static final int MAX_NODES = 200_000;

    private final String file;
    private final Map<String, Location> values = new HashMap<>();
    private final Map<String, Location> keys = new HashMap<>();
    private final Map<String, String> written = new HashMap<>();
    private final Set<String> unresolved = new HashSet<>();
    private JsonNode root;
    private int nodes;

    private Document(String file) {
        this.file = file;
    }

    /** Turns nodes into a document, with variables put in; what has no value is added to the problems. */
    static Document of(String file, YamlNode root, Substitution substitution, List<ConfigProblem> problems) {
        Document document = new Document(file);
        document.root = document.convert("", root, substitution, problems);
        return document;
    }

    JsonNode root() {
        return root;
    }

    /** Where the value at the pointer begins; for one that is absent, where the value around it does. */
    Location valueAt(String pointer) {
        Location at = values.get(pointer);
        return at != null || pointer.isEmpty()
                ? (at == null ? Location.START : at)
                : valueAt(FieldPath.parent(pointer));
    }

    /** Where the key of the member at the pointer stands, or its value when it has none. */
    Location keyAt(String pointer) {
        Location at = keys.get(pointer);
        return at == null ? valueAt(pointer) : at;
    }

    /** The text of a scalar as it stands in the file, when variables were put in; else null. */
    String writtenAs(String pointer) {
        return written.get(pointer);
    }

    /** Whether the value at the pointer refers to something that has no value, so that nothing more can be said of it. */
    boolean isUnresolved(String pointer) {
        return unresolved.contains(pointer);
    }

    /** How the scalar at the pointer is shown to people: as it stands in the file, without what was put into it. */
    String shown(String pointer) {
        String text = written.get(pointer);
        return (text == null ? root.at(pointer).asText() : text).replaceAll("\\p{Cntrl}+", " ");
    }

    /** Replaces the scalar at the pointer. */
    void replace(String pointer, JsonNode value) {
        List<String> steps = FieldPath.steps(pointer);
        String last = steps.get(steps.size() - 1);
        JsonNode parent = root.at(FieldPath.parent(pointer));
        if (parent instanceof ObjectNode object) {
            object.set(last, value);
        } else {
            ((ArrayNode) parent).set(Integer.parseInt(last), value);
        }
    }

    /** A problem with the value at the pointer. */
    ConfigProblem problem(String pointer, String message) {
        return new ConfigProblem(file, valueAt(pointer), FieldPath.display(pointer), message);
    }

    /** A problem with the member at the pointer being there at all. */
    ConfigProblem keyProblem(String pointer, String message) {
        return new ConfigProblem(file, keyAt(pointer), FieldPath.display(pointer), message);
    }

    private JsonNode convert(String pointer, YamlNode node, Substitution substitution, List<ConfigProblem> problems) {
        values.put(pointer, node.at());
        if (++nodes > MAX_NODES) {
            throw new ConfigurationException(
                    List.of(problem(pointer, "the file has more than " + MAX_NODES + " values with its aliases")));
        }
        if (node instanceof YamlNode.Mapping mapping) {
            ObjectNode object = JsonNodeFactory.instance.objectNode();
            mapping.members().forEach((name, member) -> {
                String child = FieldPath.child(pointer, name);
                keys.put(child, member.keyAt());
                object.set(name, convert(child, member.value(), substitution, problems));
            });
            return object;
        }
        if (node instanceof YamlNode.Sequence sequence) {
            ArrayNode array = JsonNodeFactory.instance.arrayNode();
            for (YamlNode element : sequence.elements()) {
                array.add(convert(
                        FieldPath.child(pointer, String.valueOf(array.size())), element, substitution, problems));
            }
            return array;
        }
        JsonNode value = ((YamlNode.Scalar) node).value();
        return value.isTextual() && Substitution.concerns(value.textValue())
                ? substitute(pointer, value.textValue(), substitution, problems)
                : value;
    }

    private JsonNode substitute(String pointer, String text, Substitution substitution, List<ConfigProblem> problems) {
        written.put(pointer, text);
        try {
            return TextNode.valueOf(substitution.apply(text));
        } catch (Substitution.UnresolvedException e) {
            unresolved.add(pointer);
            problems.add(problem(pointer, e.getMessage()));
            return TextNode.valueOf(text);
        }
    }
}
