// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.nullValue;

import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(60)
class PipelineRunTest {
    private static final int ROWS = 20_000;

    private TestSchema source;
    private TestSchema target;

    /** Does something once, when both ends were checked and nothing was read yet. */
    private static final class BeforeItMoves implements ProgressListener {
        private Runnable event;

        BeforeItMoves(Runnable event) {
            this.event = event;
        }

        @Override
        public void step(String text) {
            if (event != null && text.startsWith("starting")) {
                event.run();
                event = null;
            }
        }

        @Override
        public void update(RunProgress progress) {
            // Of no interest here.
        }

        @Override
        public void done() {
            // Of no interest here.
        }
    }

    @BeforeEach
    void createSchemas() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
    }

    @AfterEach
    void dropSchemas() {
        target.close();
        source.close();
    }

    static List<RunnerKind> runners() {
        return List.of(RunnerKind.DIRECT, RunnerKind.FLINK);
    }

    @ParameterizedTest
    @MethodSource("runners")
    void aRunReadsTheStateAtItsStart(RunnerKind runner) {
        source.execute(
                "create table orders as select n as id, 'note ' || repeat(md5(n::text), 3) as note"
                        + " from generate_series(1, " + ROWS + ") n",
                "create table orders_as_it_was as table orders");
        BeforeItMoves changes = new BeforeItMoves(() -> source.execute(
                "update orders set note = 'changed' where id % 3 = 0",
                "delete from orders where id % 5 = 0",
                "insert into orders select -n, 'new' from generate_series(1, 2000) n"));

        PipelineRun.run(pipeline(), new RunOptions(runner, changes));

        assertThat("the change was made", changes.event, is(nullValue()));
        assertThat(differences(source, "orders_as_it_was", target, "orders"), empty());
    }

    private PreparedPipeline pipeline() {
        PostgresServer server = PostgresServer.shared();
        String text = """
                version: "1.0"
                pipeline: snapshot
                source:
                  use: source-postgres
                  config: {host: "%1$s", port: %2$d, user: %3$s, password: "${TEST_PASSWORD}", database: %4$s, schema: %5$s}
                  streams: [{name: orders}]
                destination:
                  use: dest-postgres
                  config: {host: "%1$s", port: %2$d, user: %3$s, password: "${TEST_PASSWORD}", database: %4$s, schema: %6$s}
                  write_mode: replace
                resources: {parallelism: 2}
                """.formatted(
                server.host(), server.port(), PostgresServer.USER, server.database(), source.name(), target.name());
        Map<String, String> environment = Map.of("TEST_PASSWORD", PostgresServer.PASSWORD);
        return PreparedPipeline.prepare(
                PipelineFile.parse("snapshot.yaml", text, Path.of("."), environment::get),
                new ConnectorResolver(environment::get));
    }
}
