// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.SyncMode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Plans as text, for a later run to go on with. The snapshot is left out: it ends with the process that keeps it. */
final class PlanJson {
    private PlanJson() {}

    static String write(StreamPlan plan) {
        ObjectNode node = Json.MAPPER.createObjectNode();
        StreamSpec stream = plan.stream();
        ObjectNode of = node.putObject("stream")
                .put("name", stream.name())
                .put("namespace", stream.namespace())
                .put("table", stream.table())
                .put("sync_mode", stream.syncMode().jsonName())
                .put("cursor_field", stream.cursorField())
                .put("tie_breaker_field", stream.tieBreakerField())
                .put("partition_key", stream.partitionKey())
                .put("max_records", stream.maxRecords())
                .put("position", stream.position());
        if (stream.columns() != null) {
            ArrayNode columns = of.putArray("columns");
            stream.columns().forEach(columns::add);
        }
        ObjectNode options = of.putObject("options");
        stream.options().forEach(options::put);
        node.put("schema", plan.schema())
                .put("units", plan.units())
                .put("unit_kind", plan.unitKind())
                .put("estimated_rows", plan.estimatedRows())
                .put("estimated_bytes", plan.estimatedBytes())
                .put("plan", plan.plan())
                .put("position", plan.position());
        return Json.write(node);
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws IllegalArgumentException when it is anything else
     */
    static StreamPlan read(String text) {
        try {
            JsonNode node = Json.parse(text);
            JsonNode of = node.path("stream");
            return new StreamPlan(
                    stream(of),
                    node.path("schema").binaryValue(),
                    node.path("units").asLong(),
                    node.path("unit_kind").asText(),
                    node.path("estimated_rows").asLong(),
                    node.path("estimated_bytes").asLong(),
                    node.path("plan").asText(),
                    text(node, "position"),
                    null);
        } catch (IOException | IllegalArgumentException | NullPointerException e) {
            throw new IllegalArgumentException("not a plan of a stream", e);
        }
    }

    private static StreamSpec stream(JsonNode of) {
        List<String> columns = null;
        if (of.has("columns")) {
            columns = new ArrayList<>();
            for (JsonNode column : of.get("columns")) {
                columns.add(column.asText());
            }
        }
        Map<String, String> options = new HashMap<>();
        of.path("options")
                .properties()
                .forEach(each -> options.put(each.getKey(), each.getValue().asText()));
        return new StreamSpec(
                of.path("name").asText(),
                text(of, "namespace"),
                text(of, "table"),
                SyncMode.fromJsonName(of.path("sync_mode").asText()),
                columns,
                text(of, "cursor_field"),
                text(of, "tie_breaker_field"),
                text(of, "partition_key"),
                of.hasNonNull("max_records") ? of.get("max_records").asLong() : null,
                text(of, "position"),
                options);
    }

    private static String text(JsonNode node, String member) {
        return node.hasNonNull(member) ? node.get(member).asText() : null;
    }
}
