// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import com.fasterxml.jackson.databind.JsonNode;
import io.rapidbyte.wasm.StreamSpec;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * What tells whether two runs ask for the same of a stream, so that one can go on with what the other began. Secrets are left out, which may be
 * changed between two runs, and how often and how fast it is to go.
 */
final class Fingerprint {
    private Fingerprint() {}

    static String of(PreparedPipeline pipeline, StreamSpec stream) {
        Map<String, Object> asked = new TreeMap<>();
        asked.put("source", connector(pipeline.source()));
        asked.put("destination", connector(pipeline.destination()));
        asked.put("stream", stream.name());
        asked.put("mode", stream.syncMode().jsonName());
        asked.put("columns", String.valueOf(stream.columns()));
        asked.put("cursor", stream.cursorField() + "/" + stream.tieBreakerField());
        asked.put("partition", stream.partitionKey() + "/" + new TreeMap<>(stream.options()));
        // Which rows are one batch.
        asked.put(
                "batches",
                pipeline.source().limits().maxBatchBytes() + "/"
                        + pipeline.source().limits().maxBatchRows());
        asked.put("position", String.valueOf(stream.position()));
        return checksum(asked);
    }

    /** The same of a connector and its configuration alone. */
    static String of(PreparedPipeline.Connector connector) {
        return checksum(connector(connector));
    }

    private static String checksum(Map<String, Object> asked) {
        try {
            byte[] text = Json.write(asked).getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static Map<String, Object> connector(PreparedPipeline.Connector connector) {
        Map<String, Object> members = new TreeMap<>();
        members.put("", connector.module().name());
        JsonNode properties = connector.module().manifest().configSchema().path("properties");
        Json.parse(connector.config()).properties().forEach(member -> {
            boolean isSecret = properties.path(member.getKey()).path("x-secret").asBoolean();
            if (!isSecret && !member.getKey().equals(ConnectorsOfFile.COPY_FLUSH_BYTES)) {
                members.put(member.getKey(), member.getValue());
            }
        });
        return members;
    }
}
