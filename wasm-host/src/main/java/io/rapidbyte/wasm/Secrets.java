// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The values of a configuration that must not be seen: those of members that the manifest's schema marks with
 * {@code "x-secret": true}. Everything that a guest says passes through {@link #mask} before anyone reads it.
 */
final class Secrets {
    static final String MASK = "***";

    private static final int MAX_DEPTH = 32;
    /** A line of a longer secret (a key in PEM form) that is printed alone gives enough away to be worth masking. */
    private static final int LINE_LENGTH = 16;

    private final List<String> forms;

    private Secrets(List<String> forms) {
        this.forms = forms;
    }

    static Secrets of(JsonNode schema, JsonNode config) {
        Set<String> values = new TreeSet<>();
        collect(schema, config, false, values, 0);
        Set<String> forms = new TreeSet<>();
        for (String value : values) {
            addForms(forms, value);
        }
        List<String> longestFirst = new ArrayList<>(forms);
        longestFirst.sort(Comparator.comparingInt(String::length).reversed());
        return new Secrets(List.copyOf(longestFirst));
    }

    /** The text with every secret replaced. */
    String mask(String text) {
        String masked = text;
        for (String form : forms) {
            if (masked.contains(form)) {
                masked = masked.replace(form, MASK);
            }
        }
        return masked;
    }

    /** The size of the longest form: what has to be looked at beyond a cut so that no secret is cut in two. */
    int longest() {
        return forms.isEmpty() ? 0 : forms.get(0).length();
    }

    private static void collect(JsonNode schema, JsonNode config, boolean secret, Set<String> into, int depth) {
        if (config == null || config.isMissingNode() || config.isNull() || depth > MAX_DEPTH) {
            return;
        }
        boolean hidden = secret || (schema != null && schema.path("x-secret").asBoolean(false));
        if (config.isValueNode()) {
            if (hidden && !config.isBoolean() && !config.asText().isEmpty()) {
                into.add(config.asText());
            }
            return;
        }
        if (config.isArray()) {
            for (JsonNode element : config) {
                collect(schema == null ? null : schema.path("items"), element, hidden, into, depth + 1);
            }
            return;
        }
        Iterator<Map.Entry<String, JsonNode>> members = config.fields();
        while (members.hasNext()) {
            Map.Entry<String, JsonNode> member = members.next();
            JsonNode memberSchema =
                    schema == null ? null : schema.path("properties").path(member.getKey());
            collect(memberSchema, member.getValue(), hidden, into, depth + 1);
        }
        if (schema != null) {
            // Alternatives can mark members that the plain properties do not have.
            for (String keyword : new String[] {"allOf", "anyOf", "oneOf"}) {
                for (JsonNode alternative : schema.path(keyword)) {
                    collect(alternative, config, hidden, into, depth + 1);
                }
            }
        }
    }

    private static void addForms(Set<String> forms, String value) {
        forms.add(value);
        String quoted = TextNode.valueOf(value).toString();
        forms.add(quoted.substring(1, quoted.length() - 1));
        forms.add(URLEncoder.encode(value, StandardCharsets.UTF_8));
        forms.add(URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20"));
        if (value.indexOf('\n') >= 0) {
            value.lines()
                    .map(String::strip)
                    .filter(line -> line.length() >= LINE_LENGTH)
                    .forEach(forms::add);
        }
    }
}
