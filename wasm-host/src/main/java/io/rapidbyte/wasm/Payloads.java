// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The requests and responses of lifecycle calls as JSON ({@code docs/abi.md}, section 5), and the error record (section 8). */
final class Payloads {
    private static final int MAX_PLAN_BYTES = 1 << 20;
    private static final int MAX_POSITION_CHARS = 1 << 20;
    private static final int MAX_SNAPSHOT_CHARS = 1 << 12;
    private static final int MAX_MESSAGE_CHARS = 4 << 10;
    private static final int MAX_DETAILS = 50;

    /** They are held in memory, 16 bytes each. */
    private static final int MAX_COMMITTED = 16 << 20;

    private Payloads() {}

    /** A response that is not what section 5 says. */
    static final class BadResponse extends Exception {
        private static final long serialVersionUID = 1L;

        BadResponse(String message) {
            super(message);
        }
    }

    static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    static byte[] bytes(JsonNode json) {
        try {
            return Json.MAPPER.writeValueAsBytes(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A JSON tree can always be written.", e);
        }
    }

    /** An object that a guest passed to a host function. */
    static JsonNode object(String function, byte[] json) throws ImportFailure {
        try {
            JsonNode node = Json.MAPPER.readTree(json);
            if (node != null && node.isObject()) {
                return node;
            }
            throw ImportFailure.badArgument(function + " takes a JSON object");
        } catch (IOException e) {
            throw ImportFailure.badArgument(function + " takes a JSON object, and this is not JSON");
        }
    }

    static ObjectNode stream(StreamSpec stream) {
        ObjectNode node = object().put("name", stream.name())
                .put("sync_mode", stream.syncMode().jsonName());
        putIfThere(node, "namespace", stream.namespace());
        putIfThere(node, "table", stream.table());
        putIfThere(node, "cursor_field", stream.cursorField());
        putIfThere(node, "tie_breaker_field", stream.tieBreakerField());
        putIfThere(node, "partition_key", stream.partitionKey());
        if (stream.maxRecords() != null) {
            node.put("max_records", stream.maxRecords());
        }
        if (stream.position() != null) {
            node.set("position", parse("position", stream.position()));
        }
        if (stream.columns() != null) {
            node.set("columns", texts(stream.columns()));
        }
        if (!stream.options().isEmpty()) {
            node.set("options", texts(stream.options()));
        }
        return node;
    }

    static ArrayNode streams(List<StreamSpec> streams) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        streams.forEach(stream -> array.add(stream(stream)));
        return array;
    }

    static ObjectNode writeRequest(WriteRequest request) {
        ObjectNode node = object().put("run_id", request.runId())
                .put("schema", Base64.getEncoder().encodeToString(request.schema()))
                .put("write_mode", request.writeMode().jsonName())
                .put("on_data_error", request.dataErrors().jsonName());
        node.set("stream", stream(request.stream()));
        node.set("schema_evolution", evolution(request.evolution()));
        node.set("primary_key", texts(request.primaryKey()));
        node.set("options", texts(request.options()));
        return node;
    }

    private static ObjectNode evolution(SchemaEvolution evolution) {
        return object().put("new_column", evolution.newColumn().jsonName())
                .put("removed_column", evolution.removedColumn().jsonName())
                .put("type_change", evolution.typeChange().jsonName())
                .put("nullability_change", evolution.nullabilityChange().jsonName());
    }

    static ArrayNode texts(List<String> values) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        values.forEach(array::add);
        return array;
    }

    private static ObjectNode texts(Map<String, String> values) {
        ObjectNode node = object();
        values.forEach(node::put);
        return node;
    }

    private static void putIfThere(ObjectNode node, String member, String value) {
        if (value != null) {
            node.put(member, value);
        }
    }

    static CheckResult checkResult(JsonNode ok) throws BadResponse {
        List<CheckResult.Check> checks = new ArrayList<>();
        for (JsonNode check : array(ok, "checks")) {
            boolean isMet = check.path("ok").asBoolean(false);
            checks.add(new CheckResult.Check(
                    text(check, "name"),
                    isMet,
                    check.path("message").asText(""),
                    check.path("hint").asText(""),
                    isMet ? null : knownCategory(optional(check, "category"))));
        }
        return new CheckResult(checks);
    }

    /** Unlike that of an error record, which decides about retries, it may be one that a later version of the ABI has added. */
    private static Category knownCategory(String name) {
        return Arrays.stream(Category.values())
                .filter(category -> category.jsonName().equals(name))
                .findFirst()
                .orElse(null);
    }

    static List<DiscoveredStream> discovered(JsonNode ok) throws BadResponse {
        List<DiscoveredStream> streams = new ArrayList<>();
        for (JsonNode stream : array(ok, "streams")) {
            List<DiscoveredStream.Field> fields = new ArrayList<>();
            for (JsonNode field : array(stream, "fields")) {
                fields.add(new DiscoveredStream.Field(
                        text(field, "name"),
                        text(field, "type"),
                        field.path("native_type").asText(""),
                        field.path("nullable").asBoolean(true),
                        field.path("primary_key").asBoolean(false),
                        field.path("generated").asBoolean(false)));
            }
            streams.add(new DiscoveredStream(
                    text(stream, "name"),
                    stream.path("namespace").asText(""),
                    stream.path("table").asText(""),
                    stream.path("kind").asText("table"),
                    fields,
                    textList(stream, "primary_key"),
                    stream.path("estimated_rows").asLong(-1),
                    stream.path("estimated_bytes").asLong(-1),
                    optional(stream, "suggested_cursor")));
        }
        return streams;
    }

    static StreamPlan plan(JsonNode ok, StreamSpec asked) throws BadResponse {
        JsonNode stream = ok.path("stream");
        if (!stream.isObject()) {
            throw new BadResponse("stream is not an object");
        }
        byte[] schema;
        try {
            schema = Base64.getDecoder().decode(text(ok, "schema"));
        } catch (IllegalArgumentException e) {
            throw new BadResponse("schema is not base64");
        }
        long units = ok.path("units").asLong(0);
        if (units < 1) {
            throw new BadResponse("units is not an integer above zero");
        }
        JsonNode plan = ok.path("plan").isObject() ? ok.path("plan") : object();
        String planText = plan.toString();
        if (planText.length() > MAX_PLAN_BYTES) {
            throw new BadResponse("plan is larger than " + MAX_PLAN_BYTES + " bytes");
        }
        return new StreamPlan(
                // What is read of it is in the plan.
                asked.withTable(optional(stream, "namespace"), optional(stream, "table"))
                        .withPosition(null),
                schema,
                units,
                ok.path("unit_kind").asText("units"),
                ok.path("estimated_rows").asLong(-1),
                ok.path("estimated_bytes").asLong(-1),
                planText,
                position(ok),
                null);
    }

    /** Where an incremental run ends; null when the source does not say. */
    private static String position(JsonNode ok) throws BadResponse {
        JsonNode position = ok.path("position");
        if (position.isMissingNode() || position.isNull()) {
            return null;
        }
        if (!position.isObject()) {
            throw new BadResponse("position is not an object");
        }
        String text = position.toString();
        if (text.length() > MAX_POSITION_CHARS) {
            throw new BadResponse("position is larger than " + MAX_POSITION_CHARS + " bytes");
        }
        return text;
    }

    /** The text that stands for a snapshot; null when there is none. */
    static String snapshot(JsonNode ok) throws BadResponse {
        JsonNode snapshot = ok.path("snapshot");
        if (snapshot.isMissingNode() || snapshot.isNull()) {
            return null;
        }
        if (!snapshot.isTextual() || snapshot.asText().isEmpty()) {
            throw new BadResponse("snapshot is not a text");
        }
        if (snapshot.asText().length() > MAX_SNAPSHOT_CHARS) {
            throw new BadResponse("snapshot is longer than " + MAX_SNAPSHOT_CHARS + " characters");
        }
        return snapshot.asText();
    }

    static JsonNode parsePlan(String plan) {
        return parse("plan", plan);
    }

    private static JsonNode parse(String what, String json) {
        try {
            return Json.MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("The " + what + " is not JSON: " + e.getOriginalMessage(), e);
        }
    }

    static long count(JsonNode ok, String member) throws BadResponse {
        JsonNode value = ok.path(member);
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.asLong() < 0) {
            throw new BadResponse(member + " is not a count");
        }
        return value.asLong();
    }

    /**
     * Adds the batches of a page to those of the pages before it.
     *
     * @return false when nobody keeps which are committed
     */
    static boolean committed(JsonNode ok, CommittedBatches.Builder into) throws BadResponse {
        if (!ok.hasNonNull("batches")) {
            return false;
        }
        for (JsonNode batch : array(ok, "batches")) {
            long unit = number(batch.path(0), Long.MAX_VALUE);
            long sequence = number(batch.path(1), Integer.MAX_VALUE);
            long checksum = number(batch.path(2), 0xffff_ffffL);
            if (into.size() == MAX_COMMITTED) {
                throw new BadResponse("batches are more than " + MAX_COMMITTED);
            }
            if (!into.add(unit, (int) sequence, (int) checksum)) {
                throw new BadResponse("batches are not in ascending order");
            }
        }
        return true;
    }

    private static long number(JsonNode value, long max) throws BadResponse {
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.asLong() < 0 || value.asLong() > max) {
            throw new BadResponse("batches has something else than [unit, sequence, checksum]");
        }
        return value.asLong();
    }

    static String target(JsonNode ok) throws BadResponse {
        return text(ok, "target");
    }

    /** The record as {@code last_error} gives it to the guest. */
    static byte[] errorRecord(ConnectorError error) {
        ObjectNode node = object().put("category", error.category().jsonName())
                .put("scope", error.scope().jsonName())
                .put("code", error.code())
                .put("message", error.message())
                .put("hint", error.hint())
                .put("retryable", error.retryable())
                .put("backoff_class", error.backoffClass())
                .put("safe_to_retry", error.safeToRetry())
                .put("commit_state", error.commitState().jsonName());
        if (error.retryAfterMs() != null) {
            node.put("retry_after_ms", error.retryAfterMs());
        }
        if (!error.details().isEmpty()) {
            node.set("details", texts(error.details()));
        }
        return bytes(node);
    }

    /** The record that a guest returned: defaults filled in, bounded in size, secrets masked. */
    static ConnectorError error(JsonNode node, Secrets secrets) throws BadResponse {
        Category category = constant(Category.class, node, "category", null);
        boolean retryable = node.path("retryable").asBoolean(false);
        JsonNode retryAfter = node.path("retry_after_ms");
        return new ConnectorError(
                category,
                constant(Scope.class, node, "scope", Scope.STREAM),
                clip(secrets.mask(text(node, "code"))),
                clip(secrets.mask(text(node, "message"))),
                clip(secrets.mask(node.path("hint").asText(""))),
                retryable,
                retryAfter.canConvertToLong() && retryAfter.isIntegralNumber()
                        ? Math.max(0, retryAfter.asLong())
                        : null,
                backoffClass(node),
                node.path("safe_to_retry").asBoolean(retryable),
                constant(CommitState.class, node, "commit_state", CommitState.BEFORE_COMMIT),
                details(node.path("details"), secrets));
    }

    private static Map<String, String> details(JsonNode node, Secrets secrets) {
        Map<String, String> details = new LinkedHashMap<>();
        Iterator<Map.Entry<String, JsonNode>> members = node.fields();
        while (members.hasNext() && details.size() < MAX_DETAILS) {
            Map.Entry<String, JsonNode> member = members.next();
            JsonNode value = member.getValue();
            String text = value.isTextual() ? value.asText() : value.toString();
            details.put(clip(secrets.mask(member.getKey())), clip(secrets.mask(text)));
        }
        return details;
    }

    private static String backoffClass(JsonNode node) {
        String name = node.path("backoff_class").asText("normal");
        return name.equals("fast") || name.equals("slow") ? name : "normal";
    }

    private static <E extends Enum<E>> E constant(Class<E> type, JsonNode node, String member, E fallback)
            throws BadResponse {
        JsonNode value = node.path(member);
        if (value.isMissingNode() || value.isNull()) {
            if (fallback == null) {
                throw new BadResponse(member + " is missing");
            }
            return fallback;
        }
        try {
            return JsonNames.parse(type, value.asText());
        } catch (IllegalArgumentException e) {
            throw new BadResponse(member + ": " + clip(String.valueOf(e.getMessage())));
        }
    }

    static String clip(String text) {
        return text.length() <= MAX_MESSAGE_CHARS ? text : text.substring(0, MAX_MESSAGE_CHARS) + "…";
    }

    private static JsonNode array(JsonNode node, String member) throws BadResponse {
        JsonNode array = node.path(member);
        if (!array.isArray()) {
            throw new BadResponse(member + " is not an array");
        }
        return array;
    }

    private static String text(JsonNode node, String member) throws BadResponse {
        JsonNode value = node.path(member);
        if (!value.isTextual()) {
            throw new BadResponse(member + " is missing or not a text");
        }
        return value.asText();
    }

    private static String optional(JsonNode node, String member) {
        JsonNode value = node.path(member);
        return value.isTextual() ? value.asText() : null;
    }

    private static List<String> textList(JsonNode node, String member) {
        List<String> values = new ArrayList<>();
        node.path(member).forEach(value -> values.add(value.asText()));
        return values;
    }
}
