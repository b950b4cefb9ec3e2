// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.examples;

import io.rapidbyte.beam.io.SourceSnapshot;
import io.rapidbyte.beam.io.WasmIO;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WriteMode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;

/** The pipeline of docs/first-pipeline.md, of which that page shows a part: copies two tables into another schema of their database. */
public final class FirstPipeline {
    private FirstPipeline() {}

    /** Takes the options of Beam; the server is the one that the variables of libpq name. */
    public static void main(String[] arguments) {
        Map<String, Object> server = Map.of(
                "host", System.getenv("PGHOST"),
                "port", Integer.parseInt(System.getenv("PGPORT")),
                "user", System.getenv("PGUSER"),
                "password", System.getenv("PGPASSWORD"),
                "database", System.getenv("PGDATABASE"));
        copy(PipelineOptionsFactory.fromArgs(arguments).create(), with(server, "shop"), with(server, "warehouse"));
    }

    static void copy(PipelineOptions options, Map<String, Object> shop, Map<String, Object> warehouse) {
        WasmIO.Read read = WasmIO.read()
                .withConnector(ConnectorModule.bundled("source-postgres"))
                .withConfig(shop)
                .withStreams(List.of(StreamSpec.of("orders"), StreamSpec.of("customers")));
        WasmIO.Write write = WasmIO.write()
                .withConnector(ConnectorModule.bundled("dest-postgres"))
                .withConfig(warehouse)
                .withWriteMode(WriteMode.REPLACE);
        try (SourceSnapshot snapshot = read.openSnapshot()) {
            Pipeline pipeline = Pipeline.create(options);
            pipeline.apply("Read", snapshot.read()).apply("Write", write);
            pipeline.run().waitUntilFinish();
        }
    }

    private static Map<String, Object> with(Map<String, Object> server, String schema) {
        Map<String, Object> config = new HashMap<>(server);
        config.put("schema", schema);
        return config;
    }
}
