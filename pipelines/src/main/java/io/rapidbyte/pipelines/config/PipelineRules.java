// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a schema cannot say of a pipeline. Looks at whatever has the right form and passes over the rest, of which the schema
 * speaks: one mistake does not hide another.
 */
final class PipelineRules {
    private static final long KIBIBYTE = 1024;
    private static final long MEBIBYTE = 1024 * KIBIBYTE;
    private static final long GIBIBYTE = 1024 * MEBIBYTE;

    private final Document document;
    private final List<ConfigProblem> problems = new ArrayList<>();

    private PipelineRules(Document document) {
        this.document = document;
    }

    /** Returns what is wrong with a document, valid or not. */
    static List<ConfigProblem> problems(Document document) {
        PipelineRules rules = new PipelineRules(document);
        rules.streams();
        rules.upsert();
        rules.pin("source");
        rules.pin("destination");
        rules.state();
        rules.sizes();
        return rules.problems;
    }

    private void streams() {
        Map<String, Integer> firstWithName = new HashMap<>();
        JsonNode streams = document.root().at("/source/streams");
        for (int i = 0; i < streams.size(); i++) {
            String stream = "/source/streams/" + i;
            JsonNode name = streams.path(i).path("name");
            if (name.isTextual() && !document.isUnresolved(stream + "/name")) {
                unique(stream + "/name", name.textValue(), i, firstWithName);
            }
            if (streams.path(i).path("sync_mode").asText().equals("incremental")) {
                incremental(stream);
            }
        }
    }

    private void unique(String pointer, String name, int index, Map<String, Integer> firstWithName) {
        Integer earlier = firstWithName.putIfAbsent(name, index);
        if (earlier != null) {
            int line = document.valueAt("/source/streams/" + earlier + "/name").line();
            problems.add(document.problem(
                    pointer,
                    "the stream '" + document.shown(pointer) + "' is already in line " + line
                            + "; name each stream once"));
        }
    }

    private void incremental(String stream) {
        if (!document.root().at(stream).has("cursor_field")) {
            problems.add(document.problem(
                    stream,
                    "an incremental stream needs a cursor_field, the column that grows with every new or changed row"));
        }
        if (document.root().at("/destination/write_mode").asText().equals("replace")) {
            problems.add(document.problem(
                    stream + "/sync_mode",
                    "an incremental stream brings only rows that are new, and destination.write_mode replace would keep"
                            + " nothing else; use append or upsert, or read the stream with full_refresh"));
        }
    }

    private void upsert() {
        JsonNode destination = document.root().path("destination");
        if (destination.path("write_mode").asText().equals("upsert") && !destination.has("primary_key")) {
            problems.add(document.problem(
                    "/destination/write_mode",
                    "upsert needs destination.primary_key, the columns that identify a row"));
        }
    }

    private void state() {
        JsonNode state = document.root().path("state");
        if (state.path("backend").asText().equals("postgres") && !state.has("connection")) {
            problems.add(document.problem(
                    "/state/backend",
                    "postgres needs state.connection, such as postgres://user:${STATE_PASSWORD}@host:5432/database"));
        }
    }

    /** The checksum can stand behind the connector's name or in a field of its own. */
    private void pin(String section) {
        String pointer = "/" + section + "/use";
        String pin = ConnectorUse.pin(document.root().at(pointer).asText());
        if (pin == null || document.isUnresolved(pointer)) {
            return;
        }
        String checksum = document.root().at("/" + section + "/sha256").asText(pin);
        if (!pin.matches("[0-9a-fA-F]{64}")) {
            problems.add(document.problem(
                    pointer,
                    "expected 64 hexadecimal digits behind '@sha256:', found '" + document.shown(pointer) + "'"));
        } else if (!pin.toLowerCase(Locale.ROOT).equals(checksum.toLowerCase(Locale.ROOT))) {
            problems.add(document.problem(
                    pointer,
                    "the checksum behind '@sha256:' is not the one of " + section + ".sha256; keep one of them"));
        }
    }

    private void sizes() {
        for (String section : List.of("source", "destination")) {
            size("/" + section + "/limits/max_memory", 1, 4 * GIBIBYTE);
        }
        size("/resources/max_memory", 1, 4 * GIBIBYTE);
        size("/resources/max_batch_bytes", 16 * KIBIBYTE, GIBIBYTE);
        size("/resources/max_record_bytes", 1, GIBIBYTE);
        size("/resources/checkpoint_interval_bytes", 0, 1024 * GIBIBYTE);
        size("/resources/copy_flush_bytes", 64 * KIBIBYTE, 64 * MEBIBYTE);
        size("/resources/autotune/pin_copy_flush_bytes", 64 * KIBIBYTE, 64 * MEBIBYTE);
    }

    private void size(String pointer, long least, long most) {
        JsonNode node = document.root().at(pointer);
        boolean readable =
                node.isIntegralNumber() ? node.bigIntegerValue().signum() >= 0 : ByteSize.isSize(node.asText());
        if (!node.isValueNode() || !readable) {
            return;
        }
        if (!isWithin(node, least, most)) {
            problems.add(document.problem(
                    pointer,
                    "expected a size from " + new ByteSize(least) + " to " + new ByteSize(most) + ", found "
                            + document.shown(pointer)));
        }
    }

    private static boolean isWithin(JsonNode node, long least, long most) {
        try {
            long bytes = node.isNumber()
                    ? node.bigIntegerValue().longValueExact()
                    : ByteSize.parse(node.asText()).bytes();
            return bytes >= least && bytes <= most;
        } catch (IllegalArgumentException | ArithmeticException e) {
            // More than anything can hold.
            return false;
        }
    }
}
