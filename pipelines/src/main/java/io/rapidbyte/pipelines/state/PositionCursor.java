// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * What a position says of the stream's cursor, for people: a position that has {@code cursor: {column, type, value}} as those of {@code
 * source-postgres} have. Every other position is as good.
 *
 * @param field the column, or null
 * @param type its type, or null
 * @param value its greatest value, or null
 */
record PositionCursor(String field, String type, String value) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final PositionCursor UNKNOWN = new PositionCursor(null, null, null);

    static PositionCursor of(String position) {
        JsonNode cursor;
        try {
            cursor = JSON.readTree(position).path("cursor");
        } catch (JsonProcessingException e) {
            // What it means is the connector's business alone.
            return UNKNOWN;
        }
        boolean known = cursor.path("column").isTextual()
                && cursor.path("type").isTextual()
                && cursor.path("value").isTextual();
        return known
                ? new PositionCursor(
                        cursor.get("column").textValue(),
                        cursor.get("type").textValue(),
                        cursor.get("value").textValue())
                : UNKNOWN;
    }
}
