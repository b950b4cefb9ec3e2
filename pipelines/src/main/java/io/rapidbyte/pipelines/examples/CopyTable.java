// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.examples;

import io.rapidbyte.beam.io.FinalizedStream;
import io.rapidbyte.beam.io.RunReport;
import io.rapidbyte.beam.io.WasmIO;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.WriteMode;
import java.util.HashMap;
import java.util.Map;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.options.Default;
import org.apache.beam.sdk.options.Description;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.beam.sdk.options.Validation.Required;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.ParDo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies one table into another schema of the same database:
 *
 * <pre>
 * CopyTable --host=localhost --database=shop --user=me --table=orders --targetSchema=backup
 * </pre>
 *
 * with the password in {@code PGPASSWORD}. All options of Beam work too, {@code --runner=FlinkRunner} for instance.
 */
public final class CopyTable {
    private CopyTable() {}

    /** Where the table is, and where its copy goes. */
    public interface Options extends PipelineOptions {
        @Description("The server's host name")
        @Default.String("localhost")
        String getHost();

        void setHost(String host);

        @Description("The server's port")
        @Default.Integer(5432)
        int getPort();

        void setPort(int port);

        @Required
        String getDatabase();

        void setDatabase(String database);

        @Required
        String getUser();

        void setUser(String user);

        @Description("The table to copy, with its schema where that is not public")
        @Required
        String getTable();

        void setTable(String table);

        @Description("The schema that receives the copy; it is created when it is missing")
        @Required
        String getTargetSchema();

        void setTargetSchema(String schema);
    }

    /** Copies the table, and fails when that fails. */
    public static void main(String[] arguments) {
        Options options =
                PipelineOptionsFactory.fromArgs(arguments).withValidation().as(Options.class);
        copy(options, System.getenv("PGPASSWORD"));
    }

    static RunReport copy(Options options, String password) {
        Map<String, Object> server = new HashMap<>();
        server.put("host", options.getHost());
        server.put("port", options.getPort());
        server.put("database", options.getDatabase());
        server.put("user", options.getUser());
        if (password != null) {
            server.put("password", password);
        }
        Map<String, Object> target = new HashMap<>(server);
        target.put("schema", options.getTargetSchema());

        Pipeline pipeline = Pipeline.create(options);
        pipeline.apply(
                        "Read",
                        WasmIO.read()
                                .withConnector(ConnectorModule.bundled("source-postgres"))
                                .withConfig(server)
                                .withStream(options.getTable()))
                .apply(
                        "Write",
                        WasmIO.write()
                                .withConnector(ConnectorModule.bundled("dest-postgres"))
                                .withConfig(target)
                                .withWriteMode(WriteMode.REPLACE))
                .getFinalized()
                .apply("Tell", ParDo.of(new TellDoFn()));
        PipelineResult result = pipeline.run();
        result.waitUntilFinish();
        return RunReport.of(result);
    }

    /** What comes here is committed and in its place: the moment for whatever depends on the copy. */
    private static final class TellDoFn extends DoFn<FinalizedStream, Void> {
        private static final Logger LOG = LoggerFactory.getLogger(CopyTable.class);

        @ProcessElement
        public void process(@Element FinalizedStream stream) {
            LOG.info("{} rows of {} are in {}", stream.rows(), stream.stream(), stream.target());
        }
    }
}
