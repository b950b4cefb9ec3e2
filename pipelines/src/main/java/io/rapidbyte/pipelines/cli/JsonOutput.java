// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.pipelines.run.Bottleneck;
import io.rapidbyte.pipelines.run.Preflight;
import io.rapidbyte.pipelines.run.RunSummary;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What {@code --json} writes. Every object has {@code status}: {@code ok} or {@code failed}. */
final class JsonOutput {
    private static final ObjectMapper MAPPER =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private static final String CROSSINGS = "crossings";

    private JsonOutput() {}

    static ObjectNode object(String status) {
        return MAPPER.createObjectNode().put("status", status);
    }

    /** Adds what was looked at before a run; of what is not as it must be, what to do and what kind of failure it is, if the connector says so. */
    static ObjectNode checks(ObjectNode root, List<Preflight.Finding> findings) {
        ArrayNode checks = root.putArray("checks");
        for (Preflight.Finding finding : findings) {
            ObjectNode check = checks.addObject()
                    .put("connector", finding.connector())
                    .put("name", finding.name())
                    .put("ok", finding.ok())
                    .put("message", finding.message());
            if (!finding.ok()) {
                check.put("hint", finding.hint());
            }
            if (finding.category() != null) {
                check.put("category", finding.category().jsonName());
            }
        }
        return root;
    }

    /** What a run did; every member is described in {@code docs/json-output.md}. */
    static ObjectNode summary(RunSummary summary) {
        ObjectNode root = object(summary.isDone() ? "ok" : "failed")
                .put("pipeline", summary.pipeline())
                .put("run_id", summary.runId())
                .put("runner", summary.runner())
                .put("parallelism", summary.parallelism())
                .put("seconds", rounded(summary.seconds()))
                .put("preflight_seconds", rounded(summary.preflightSeconds()))
                .put("rows", summary.rows())
                .put("refused", summary.refused())
                .put("dead_letters", summary.deadLetters())
                .put("bytes", summary.bytes())
                .put("attempts", summary.attempts());
        ArrayNode streams = root.putArray("streams");
        summary.streams().forEach(stream -> streams.add(stream(stream)));
        ArrayNode choices = root.putArray("choices");
        for (RunSummary.Choice choice : summary.choices()) {
            choices.addObject()
                    .put("name", choice.name())
                    .put("value", choice.value())
                    .put("reason", choice.reason());
        }
        Bottleneck bottleneck = Bottleneck.of(summary);
        root.putObject("bottleneck")
                .put("kind", bottleneck.kind().name().toLowerCase(Locale.ROOT))
                .put("sentence", bottleneck.sentence());
        Map<String, Long> metrics = new HashMap<>();
        // Programs need not ask whether a name is there.
        MetricNames.ALL.forEach(name -> metrics.put(name, 0L));
        metrics.putAll(summary.metrics());
        metrics.put(CROSSINGS, crossings(summary.metrics()));
        put(root.putObject("nanos"), RunSummary.nanos(metrics));
        put(root.putObject("counters"), RunSummary.counters(metrics));
        return root;
    }

    private static ObjectNode stream(RunSummary.Stream stream) {
        ObjectNode node = MAPPER.createObjectNode()
                .put("stream", stream.name())
                .put("status", stream.status().name().toLowerCase(Locale.ROOT))
                .put("attempts", stream.attempts())
                .put("resumed", stream.resumed())
                .put("error", stream.error())
                .put("rows_read", stream.rowsRead())
                .put("rows", stream.rows())
                .put("refused", stream.refused())
                .put("dead_letters", stream.deadLetters())
                .put("bytes", stream.bytes());
        if (stream.seconds() > 0) {
            node.put("seconds", rounded(stream.seconds()))
                    .put("rows_per_second", Math.round(stream.rows() / stream.seconds()))
                    .put("bytes_per_second", Math.round(stream.bytes() / stream.seconds()));
        }
        stream.readSkew().ifPresent(skew -> node.put("read_worker_skew", thousandths(skew)));
        stream.writeSkew().ifPresent(skew -> node.put("worker_skew", thousandths(skew)));
        put(node.putObject("nanos"), RunSummary.nanos(stream.metrics()));
        put(node.putObject("counters"), RunSummary.counters(stream.metrics()));
        return node;
    }

    private static void put(ObjectNode node, Map<String, Long> values) {
        values.forEach(node::put);
    }

    /** Calls from guests into the host. */
    private static long crossings(Map<String, Long> metrics) {
        return metrics.entrySet().stream()
                .filter(metric ->
                        metric.getKey().contains("_host_") && metric.getKey().endsWith("_count"))
                .mapToLong(Map.Entry::getValue)
                .sum();
    }

    static String text(JsonNode node) {
        try {
            return Printable.json(MAPPER.writeValueAsString(node));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of JSON values could not be written", e);
        }
    }

    private static double thousandths(double ratio) {
        return Math.round(ratio * 1e3) / 1e3;
    }

    private static double rounded(double seconds) {
        return Math.round(seconds * 1e6) / 1e6;
    }
}
