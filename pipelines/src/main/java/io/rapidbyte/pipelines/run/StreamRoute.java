// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import com.fasterxml.jackson.databind.JsonNode;
import io.rapidbyte.wasm.StreamSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Where the rows of a stream come from and go to, as far as its position depends on it: a position that is taken to other rows, or to another target,
 * would leave rows out. How a connector gets there and how fast it is, users, secrets, timeouts, is no part of it; nor are columns, which may be
 * added.
 *
 * <p>Of a connector's configuration it has the members that the manifest marks with {@code "x-location": true}. Where none is marked, nobody has said
 * which ones matter or may be shown: then a checksum stands for all that are no secrets.
 */
final class StreamRoute {
    private static final String LOCATION = "x-location";
    private static final String SECRET = "x-secret";
    private static final List<String> SECTIONS = List.of("source", "destination");

    /** The field of the pipeline file, within the stream for what is said of it, and its value; null when it has none. */
    private final Map<String, String> members;

    private StreamRoute(Map<String, String> members) {
        this.members = members;
    }

    static StreamRoute of(PreparedPipeline pipeline, StreamSpec stream) {
        Map<String, String> members = new TreeMap<>();
        connector(members, "source", pipeline.source());
        connector(members, "destination", pipeline.destination());
        members.put("cursor_field", stream.cursorField());
        members.put("tie_breaker_field", stream.tieBreakerField());
        return new StreamRoute(members);
    }

    private static void connector(Map<String, String> members, String section, PreparedPipeline.Connector connector) {
        members.put(section + ".use", connector.module().name());
        JsonNode schema = connector.module().manifest().configSchema().path("properties");
        JsonNode config = Json.parse(connector.config());
        boolean isMarked = false;
        for (Map.Entry<String, JsonNode> member : schema.properties()) {
            if (is(member.getValue(), LOCATION) && !is(member.getValue(), SECRET)) {
                isMarked = true;
                members.put(
                        section + ".config." + member.getKey(),
                        value(config.path(member.getKey()), member.getValue().path("default")));
            }
        }
        if (!isMarked) {
            members.put(section + ".config", Fingerprint.of(connector));
        }
    }

    private static boolean is(JsonNode schema, String mark) {
        return schema.path(mark).asBoolean();
    }

    /** As text: what comes from a variable is text, too. To write a default down changes nothing. */
    private static String value(JsonNode said, JsonNode otherwise) {
        JsonNode value = said.isMissingNode() || said.isNull() ? otherwise : said;
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        return value.isValueNode() ? value.asText() : value.toString();
    }

    /** As it is stored. */
    String json() {
        return Json.write(members);
    }

    /**
     * What is different from what was stored, in clauses such as {@code source.config.database was shop and is now shop2}; empty when it is the same.
     * A member that only one of them has was not known to the connector's other version, and says nothing, unless one of them has a checksum in place
     * of members.
     */
    List<String> changesSince(String stored) {
        JsonNode then = Json.parse(stored);
        List<String> changes = new ArrayList<>();
        members.forEach((field, now) -> {
            if (then.has(field)) {
                String was = then.get(field).textValue();
                if (!String.valueOf(was).equals(String.valueOf(now))) {
                    changes.add(change(field, was, now));
                }
            }
        });
        for (String section : SECTIONS) {
            if (!isComparable(section, then)) {
                changes.add(section + ".config cannot be compared with what another version of the connector stored");
            }
        }
        return changes;
    }

    /** A version of a connector that marks members has nothing in common with one that marks none, and a change would not be seen. */
    private boolean isComparable(String section, JsonNode then) {
        String use = section + ".use";
        if (then.path(use).asText().equals(members.get(use))) {
            String checksum = section + ".config";
            Set<String> stored = new HashSet<>();
            then.fieldNames().forEachRemaining(stored::add);
            return !(members.containsKey(checksum) && hasMember(stored, checksum)
                    || stored.contains(checksum) && hasMember(members.keySet(), checksum));
        }
        // Which is a change already.
        return true;
    }

    private static boolean hasMember(Set<String> fields, String of) {
        return fields.stream().anyMatch(field -> field.startsWith(of + "."));
    }

    private static String change(String field, String was, String now) {
        return field.endsWith(".config")
                ? field + " has changed"
                : field
                        + (was == null ? " was not set" : " was " + was)
                        + (now == null ? " and is not set any more" : " and is now " + now);
    }
}
