// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.contender;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.benchmarks.scenario.Setting;
import io.rapidbyte.benchmarks.scenario.Settings;
import io.rapidbyte.benchmarks.scenario.TableProfile;
import io.rapidbyte.wasm.ConnectorModule;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** The pipeline file of a copy by Rapidbyte. JSON, of which YAML is a superset. */
final class PipelineText {
    /** Where the file takes the password from. */
    static final String PASSWORD_VARIABLE = "RAPIDBYTE_BENCHMARK_PASSWORD";

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private PipelineText() {}

    static String of(TableCopy copy, Settings settings) throws IOException {
        ObjectNode root = MAPPER.createObjectNode();
        root.put("version", "1.0").put("pipeline", "benchmark");
        ObjectNode source = root.putObject("source");
        source.put("use", module("source-postgres", settings));
        connection(source.putObject("config"), copy, settings).put("schema", copy.sourceSchema());
        source.putArray("streams").addObject().put("name", copy.table());
        ObjectNode destination = root.putObject("destination");
        destination.put("use", module("dest-postgres", settings));
        ObjectNode config =
                connection(destination.putObject("config"), copy, settings).put("schema", copy.targetSchema());
        settings.bytes(Setting.FLUSH_BYTES).ifPresent(bytes -> config.put("copy_flush_bytes", bytes));
        settings.text(Setting.LOAD_METHOD).ifPresent(method -> config.put("load_method", method));
        settings.text(Setting.EXACTLY_ONCE).ifPresent(once -> config.put("exactly_once", Boolean.parseBoolean(once)));
        String mode = settings.text(Setting.WRITE_MODE).orElse("append");
        destination.put("write_mode", mode);
        if (mode.equals("upsert")) {
            destination.putArray("primary_key").add(TableProfile.KEY);
        }
        ObjectNode resources = root.putObject("resources");
        settings.number(Setting.PARTITIONS).ifPresent(threads -> resources.put("parallelism", threads));
        settings.bytes(Setting.BATCH_BYTES).ifPresent(bytes -> resources.put("max_batch_bytes", bytes));
        settings.number(Setting.INFLIGHT_BATCHES).ifPresent(batches -> resources.put("max_inflight_batches", batches));
        settings.bytes(Setting.CHECKPOINT_BYTES).ifPresent(bytes -> resources.put("checkpoint_interval_bytes", bytes));
        settings.text(Setting.COMPRESSION).ifPresent(codec -> resources.put("compression", codec));
        try {
            return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of JSON values could not be written", e);
        }
    }

    private static ObjectNode connection(ObjectNode config, TableCopy copy, Settings settings) {
        return config.put("host", copy.host())
                .put("port", copy.port())
                .put("user", copy.user())
                .put("password", "${" + PASSWORD_VARIABLE + "}")
                .put("database", copy.database())
                .put("sslmode", settings.text(Setting.SSLMODE).orElse("disable"));
    }

    /** A bundled connector's code is part of the build; the same module as a file is compiled like a stranger's. */
    private static String module(String name, Settings settings) throws IOException {
        if (settings.text(Setting.CODE).orElse("bundled").matches("bundled|interpreted")) {
            return name;
        }
        Path file = Path.of(System.getProperty("java.io.tmpdir"), "rapidbyte-benchmark-" + name + ".wasm");
        try (InputStream module =
                ConnectorModule.class.getResourceAsStream("/META-INF/rapidbyte/modules/" + name + ".wasm")) {
            Files.copy(module, file, StandardCopyOption.REPLACE_EXISTING);
        }
        return file.toString();
    }
}
