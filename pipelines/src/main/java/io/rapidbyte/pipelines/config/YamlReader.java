// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads one YAML document into nodes that know their place. Anchors, aliases and merge keys ({@code <<}) work as people
 * expect; a key that occurs twice is a problem, because the one that wins would be a matter of luck.
 */
final class YamlReader {
    /** A document is refused beyond this depth: the parser and everything after it recurse. */
    private static final int MAX_DEPTH = 64;

    private final String file;
    private final YAMLParser parser;
    private final List<ConfigProblem> problems;
    private final Map<String, YamlNode> anchors = new HashMap<>();

    private YamlReader(String file, YAMLParser parser, List<ConfigProblem> problems) {
        this.file = file;
        this.parser = parser;
        this.problems = problems;
    }

    /**
     * Reads a document.
     *
     * @param problems collects what is wrong but does not keep the rest from being read
     * @throws ConfigurationException when the text is not YAML, or not exactly one document
     */
    static YamlNode read(String file, String text, List<ConfigProblem> problems) {
        try (YAMLParser parser = new YAMLFactory().createParser(text)) {
            YamlReader reader = new YamlReader(file, parser, problems);
            boolean nothing = parser.nextToken() == null
                    || parser.currentToken() == JsonToken.VALUE_NULL && parser.nextToken() == null;
            if (nothing) {
                throw reader.refused(Location.START, "the file is empty; expected a pipeline");
            }
            YamlNode root = reader.value("", 0);
            if (parser.nextToken() != null) {
                throw reader.refused(reader.here(), "a second document begins here; a pipeline file holds exactly one");
            }
            return root;
        } catch (JsonProcessingException e) {
            throw new ConfigurationException(List.of(YamlSyntax.problem(file, e)));
        } catch (IOException e) {
            throw new IllegalStateException("reading YAML from memory failed", e);
        }
    }

    private YamlNode value(String pointer, int depth) throws IOException {
        Location at = here();
        if (depth > MAX_DEPTH) {
            throw refused(at, "nested more than " + MAX_DEPTH + " levels deep");
        }
        if (parser.isCurrentAlias()) {
            YamlNode anchored = anchors.get(parser.getText());
            if (anchored == null) {
                throw refused(at, "the alias *" + parser.getText() + " has no anchor before it");
            }
            return anchored;
        }
        Object anchor = parser.getObjectId();
        YamlNode node = switch (parser.currentToken()) {
            case START_OBJECT -> mapping(pointer, at, depth);
            case START_ARRAY -> sequence(pointer, at, depth);
            default -> scalar(at);
        };
        if (anchor != null) {
            anchors.put(anchor.toString(), node);
        }
        return node;
    }

    private YamlNode mapping(String pointer, Location at, int depth) throws IOException {
        Map<String, YamlNode.Member> members = new LinkedHashMap<>();
        List<YamlNode> merged = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            Location keyAt = here();
            parser.nextToken();
            String child = FieldPath.child(pointer, key);
            YamlNode value = value(child, depth + 1);
            if (key.equals("<<")) {
                merged.addAll(value instanceof YamlNode.Sequence several ? several.elements() : List.of(value));
                continue;
            }
            YamlNode.Member earlier = members.putIfAbsent(key, new YamlNode.Member(keyAt, value));
            if (earlier != null) {
                problems.add(new ConfigProblem(
                        file,
                        keyAt,
                        FieldPath.display(child),
                        "this field is already in line " + earlier.keyAt().line() + "; keep one of them"));
            }
        }
        // A mapping's own members win over merged ones, and earlier merges over later ones.
        for (YamlNode base : merged) {
            if (!(base instanceof YamlNode.Mapping mapping)) {
                throw refused(base.at(), "'<<' merges mappings; this is something else");
            }
            mapping.members().forEach(members::putIfAbsent);
        }
        return new YamlNode.Mapping(at, members);
    }

    private YamlNode sequence(String pointer, Location at, int depth) throws IOException {
        List<YamlNode> elements = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            elements.add(value(FieldPath.child(pointer, String.valueOf(elements.size())), depth + 1));
        }
        return new YamlNode.Sequence(at, elements);
    }

    private YamlNode scalar(Location at) throws IOException {
        return new YamlNode.Scalar(
                at,
                switch (parser.currentToken()) {
                    case VALUE_TRUE -> BooleanNode.TRUE;
                    case VALUE_FALSE -> BooleanNode.FALSE;
                    case VALUE_NULL -> NullNode.getInstance();
                    case VALUE_NUMBER_INT -> Scalars.integer(parser.getBigIntegerValue());
                    case VALUE_NUMBER_FLOAT -> DecimalNode.valueOf(parser.getDecimalValue());
                    default -> TextNode.valueOf(parser.getText());
                });
    }

    private Location here() {
        JsonLocation at = parser.currentTokenLocation();
        return new Location(at.getLineNr(), at.getColumnNr());
    }

    private ConfigurationException refused(Location at, String message) {
        return new ConfigurationException(List.of(new ConfigProblem(file, at, "", message)));
    }
}
