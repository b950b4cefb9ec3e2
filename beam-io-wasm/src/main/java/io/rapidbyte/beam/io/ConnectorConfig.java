// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.Serializable;
import java.util.Map;

/**
 * A connector's configuration. It may hold passwords, so that it shows itself to no log, no error and no display data: only {@link
 * #json()} gives it out.
 */
final class ConnectorConfig implements Serializable {
    static final ConnectorConfig EMPTY = new ConnectorConfig("{}");

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ObjectReader STRICT = JSON.reader().with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final String json;

    private ConnectorConfig(String json) {
        this.json = json;
    }

    static ConnectorConfig ofJson(String json) {
        requireNonNull(json, "config");
        JsonNode tree;
        try {
            tree = STRICT.readTree(json);
        } catch (JsonProcessingException e) {
            // Neither the message nor the cause may go on: both can quote the text, and with it a password.
            throw new IllegalArgumentException("The connector's configuration is not JSON: there is a mistake at line "
                    + e.getLocation().getLineNr() + ", column "
                    + e.getLocation().getColumnNr() + ". Write one JSON object.");
        }
        if (!tree.isObject()) {
            throw new IllegalArgumentException(
                    "The connector's configuration must be one JSON object such as {\"host\": \"localhost\"}.");
        }
        return new ConnectorConfig(json);
    }

    static ConnectorConfig ofMap(Map<String, ?> members) {
        try {
            return new ConnectorConfig(JSON.writeValueAsString(requireNonNull(members, "config")));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "The connector's configuration holds a value that JSON cannot express; use text, numbers, booleans, lists and"
                            + " maps.");
        }
    }

    String json() {
        return json;
    }

    /** Whether a member says no: {@code false}, or, as in a file that is filled in from the environment, that word in a string. */
    boolean switchesOff(String member) {
        try {
            // Of no other member anything is kept.
            return JSON.readTree(json).path(member).asText().equals("false");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("The connector's configuration was JSON when it was given.");
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ConnectorConfig config && json.equals(config.json);
    }

    @Override
    public int hashCode() {
        return json.hashCode();
    }

    @Override
    public String toString() {
        return "(hidden)";
    }
}
