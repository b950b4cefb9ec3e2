// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.pipelines.run.RunSummary;

/** What {@code --json} writes. Every object has {@code status}: {@code ok} or {@code failed}. */
final class JsonOutput {
    private static final ObjectMapper MAPPER =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private JsonOutput() {}

    static ObjectNode object(String status) {
        return MAPPER.createObjectNode().put("status", status);
    }

    static ObjectNode summary(RunSummary summary) {
        ObjectNode root = object("ok")
                .put("pipeline", summary.pipeline())
                .put("run_id", summary.runId())
                .put("runner", summary.runner())
                .put("parallelism", summary.parallelism())
                .put("seconds", rounded(summary.seconds()))
                .put("preflight_seconds", rounded(summary.preflightSeconds()))
                .put("rows", summary.rows())
                .put("refused", summary.refused())
                .put("bytes", summary.bytes());
        for (RunSummary.Stream stream : summary.streams()) {
            ObjectNode node = root.withArray("streams").addObject();
            node.put("stream", stream.name())
                    .put("rows_read", stream.rowsRead())
                    .put("rows", stream.rows())
                    .put("refused", stream.refused())
                    .put("bytes", stream.bytes());
            if (stream.seconds() > 0) {
                node.put("seconds", rounded(stream.seconds()))
                        .put("rows_per_second", Math.round(stream.rows() / stream.seconds()))
                        .put("bytes_per_second", Math.round(stream.bytes() / stream.seconds()));
            }
        }
        ObjectNode nanos = root.putObject("nanos");
        summary.nanos().forEach(nanos::put);
        return root;
    }

    static String text(JsonNode node) {
        try {
            return Printable.json(MAPPER.writeValueAsString(node));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of JSON values could not be written", e);
        }
    }

    private static double rounded(double seconds) {
        return Math.round(seconds * 1e6) / 1e6;
    }
}
