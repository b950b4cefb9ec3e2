// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.examples;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.beam.io.RunReport;
import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.run.ConnectorResolver;
import io.rapidbyte.pipelines.run.PreparedPipeline;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TableComparison;
import io.rapidbyte.testing.TestSchema;
import java.nio.file.Path;
import java.util.Map;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.junit.jupiter.api.Test;

class ExamplesTest {
    @Test
    void theProgramCopiesATable() {
        PostgresServer server = PostgresServer.shared();
        try (TestSchema source = server.newSchema();
                TestSchema target = server.newSchema()) {
            source.execute("CREATE TABLE t AS SELECT i AS id, 'row ' || i AS what FROM generate_series(1, 500) i");
            CopyTable.Options options = PipelineOptionsFactory.fromArgs(
                            "--host=" + server.host(),
                            "--port=" + server.port(),
                            "--database=" + server.database(),
                            "--user=" + PostgresServer.USER,
                            "--table=" + source.name() + ".t",
                            "--targetSchema=" + target.name())
                    .withValidation()
                    .as(CopyTable.Options.class);

            RunReport report = CopyTable.copy(options, PostgresServer.PASSWORD);

            assertThat(report.streams().get(source.name() + ".t").recordsWritten(), is(500L));
            assertThat(TableComparison.differences(source, "t", target, "t"), is(empty()));
        }
    }

    @Test
    void theFirstPipelineCopiesItsTables() {
        PostgresServer server = PostgresServer.shared();
        try (TestSchema shop = server.newSchema();
                TestSchema warehouse = server.newSchema()) {
            shop.execute(
                    "CREATE TABLE customers AS SELECT i AS id FROM generate_series(1, 50) i",
                    "CREATE TABLE orders AS SELECT i AS id, 'order ' || i AS what FROM generate_series(1, 500) i");

            FirstPipeline.copy(PipelineOptionsFactory.create(), shop.config(), warehouse.config());

            assertThat(TableComparison.differences(shop, "customers", warehouse, "customers"), is(empty()));
            assertThat(TableComparison.differences(shop, "orders", warehouse, "orders"), is(empty()));
        }
    }

    @Test
    void thePipelineFileIsValidForItsConnectors() {
        PipelineFile file = PipelineFile.read(
                Path.of("examples/postgres-to-postgres.yaml"),
                Map.of("SOURCE_PASSWORD", "a", "TARGET_PASSWORD", "b", "SOURCE_PORT", "5433")::get);

        PreparedPipeline pipeline = PreparedPipeline.prepare(file, new ConnectorResolver(name -> null));

        assertThat(pipeline.streams().size(), is(2));
        assertThat(pipeline.source().limits().memoryBytes(), is(256L << 20));
    }
}
