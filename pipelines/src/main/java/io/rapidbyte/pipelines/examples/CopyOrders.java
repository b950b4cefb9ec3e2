// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.examples;

import io.rapidbyte.beam.io.WasmIO;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.WriteMode;
import java.util.Map;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptionsFactory;

/** The smallest whole program: copies the table orders from one server to another. The front page shows it. */
public final class CopyOrders {
    private CopyOrders() {}

    /** Takes the options of Beam, {@code --runner=FlinkRunner} for instance. */
    public static void main(String[] arguments) {
        Pipeline pipeline =
                Pipeline.create(PipelineOptionsFactory.fromArgs(arguments).create());
        pipeline.apply(
                        "Read",
                        WasmIO.read()
                                .withConnector(ConnectorModule.bundled("source-postgres"))
                                .withConfig(Map.of(
                                        "host", "db.internal",
                                        "user", "reader",
                                        "password", System.getenv("SHOP_PASSWORD"),
                                        "database", "shop"))
                                .withStream("orders"))
                .apply(
                        "Write",
                        WasmIO.write()
                                .withConnector(ConnectorModule.bundled("dest-postgres"))
                                .withConfig(Map.of(
                                        "host", "dwh.internal",
                                        "user", "loader",
                                        "password", System.getenv("DWH_PASSWORD"),
                                        "database", "dwh",
                                        "schema", "raw_shop"))
                                .withWriteMode(WriteMode.REPLACE));
        pipeline.run().waitUntilFinish();
    }
}
