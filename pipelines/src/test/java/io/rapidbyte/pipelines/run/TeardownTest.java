// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.matchesPattern;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.state.PipelineBusyException;
import io.rapidbyte.pipelines.state.PipelineLock;
import io.rapidbyte.pipelines.state.RunRecord;
import io.rapidbyte.pipelines.state.RunStatus;
import io.rapidbyte.pipelines.state.StateLocation;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StateStores;
import io.rapidbyte.pipelines.state.StreamRun;
import io.rapidbyte.pipelines.state.StreamStatus;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.ReadCallbacks;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WasmHost;
import io.rapidbyte.wasm.WriteMode;
import io.rapidbyte.wasm.WriteRequest;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TeardownTest {
    @TempDir
    private Path folder;

    private StateStore store;
    private TestSchema source;
    private TestSchema target;

    @BeforeEach
    void createTables() {
        store = StateStores.open(new StateLocation(
                StateLocation.Backend.SQLITE, folder.resolve("state.db").toString()));
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        for (String table : List.of("orders", "users")) {
            source.execute("CREATE TABLE " + table + " AS SELECT n AS id FROM generate_series(1, 100) n");
            target.execute("CREATE TABLE " + table + " AS SELECT -1 AS id");
        }
    }

    @AfterEach
    void dropTables() {
        store.close();
        source.close();
        target.close();
    }

    @Test
    void aBrokenReplaceLeavesItsSideTableAndATeardownRemovesIt() {
        breakOff("broken-replace", "orders", WriteMode.REPLACE);
        breakOff("broken-replace", "users", WriteMode.REPLACE);
        assertThat("two side tables", target.relations().size(), is(4));

        List<Teardown.Removed> removed = Teardown.unfinished(pipeline(), store, null);

        assertThat(
                removed,
                contains(
                        new Teardown.Removed("orders", "broken-replace", WriteMode.REPLACE),
                        new Teardown.Removed("users", "broken-replace", WriteMode.REPLACE)));
        assertThat(target.relations(), contains("orders", "users"));
        assertThat(target.query("SELECT id FROM orders"), contains("-1"));
        assertThat(store.unfinished("shop"), is(empty()));
        assertThat("there is no more", Teardown.unfinished(pipeline(), store, null), is(empty()));
    }

    @Test
    void aBrokenAppendKeepsItsRowsAndLosesItsBatches() {
        breakOff("broken-append", "orders", WriteMode.APPEND);
        assertThat(batches("broken-append"), is("1"));

        Teardown.unfinished(pipeline(), store, null);

        assertThat(batches("broken-append"), is("0"));
        assertThat(target.value("SELECT count(*) FROM orders"), is("101"));
        ConnectorException late = assertThrows(
                ConnectorException.class, () -> write("broken-append", "orders", WriteMode.APPEND, plan("orders")));
        assertThat("whoever still writes is refused", late.getMessage(), matchesPattern("(?s).*torn down.*"));
    }

    @Test
    void oneStreamCanBeTornDownAlone() {
        breakOff("broken-replace", "orders", WriteMode.REPLACE);
        breakOff("another", "users", WriteMode.REPLACE);

        List<Teardown.Removed> removed = Teardown.unfinished(pipeline(), store, "users");

        assertThat(removed, contains(new Teardown.Removed("users", "another", WriteMode.REPLACE)));
        assertThat("the side table of orders", target.relations().size(), is(3));
        assertThat(store.unfinished("shop").get(0).stream(), is("orders"));
    }

    @Test
    void aStreamThatHasLeftTheFileIsTornDownToo() {
        source.execute("CREATE TABLE gone (id int)");
        breakOff("broken-replace", "gone", WriteMode.REPLACE);

        Teardown.unfinished(pipeline(), store, null);

        assertThat(target.relations(), contains("orders", "users"));
        assertThat(store.unfinished("shop"), is(empty()));
    }

    @Test
    void aRunThatNobodyRemembersIsTornDownByItsId() {
        write("forgotten", "orders", WriteMode.REPLACE, plan("orders"));
        assertThat(target.relations().size(), is(3));

        List<Teardown.Removed> removed = Teardown.run(pipeline(), store, "forgotten", null);

        assertThat(
                removed,
                contains(
                        new Teardown.Removed("orders", "forgotten", null),
                        new Teardown.Removed("users", "forgotten", null)));
        assertThat(target.relations(), contains("orders", "users"));
    }

    @Test
    void aRunIsKnownByItsOwnIdAndByTheOneItWritesUnder() {
        breakOff("first", "orders", WriteMode.REPLACE);
        StreamRun begun = store.unfinished("shop").get(0);
        store.giveUp("shop", "orders");
        begin("second");
        store.plan("shop", run("second", begun.stream(), begun.writeRunId(), WriteMode.REPLACE));

        List<Teardown.Removed> removed = Teardown.run(pipeline(), store, "second", null);

        assertThat(removed, contains(new Teardown.Removed("orders", "first", WriteMode.REPLACE)));
        assertThat(target.relations(), contains("orders", "users"));
        assertThat(store.unfinished("shop"), is(empty()));
    }

    @Test
    void itIsRefusedWhileThePipelineRuns() {
        breakOff("going-on", "orders", WriteMode.REPLACE);
        try (PipelineLock running = store.lock("shop")) {
            assertThrows(PipelineBusyException.class, () -> Teardown.unfinished(pipeline(), store, null));
            assertThrows(PipelineBusyException.class, () -> Teardown.run(pipeline(), store, "going-on", null));
        }

        assertThat("the side table", target.relations().size(), is(3));
        assertThat(store.unfinished("shop").size(), is(1));
    }

    @Test
    void whatCouldNotBeRemovedIsStillKnown() {
        breakOff("broken-replace", "orders", WriteMode.REPLACE);

        assertThrows(ConnectorException.class, () -> Teardown.unfinished(pipeline("wr0ngSecret"), store, null));

        assertThat(store.unfinished("shop").size(), is(1));
        Teardown.unfinished(pipeline(), store, null);
        assertThat(target.relations(), contains("orders", "users"));
    }

    /** A run that wrote all batches and came no further. */
    private void breakOff(String runId, String table, WriteMode mode) {
        write(runId, table, mode, plan(table));
        begin(runId);
        store.plan("shop", run(runId, table, runId, mode));
    }

    private void begin(String runId) {
        if (store.run(runId).isEmpty()) {
            store.begin(new RunRecord(runId, "shop", RunStatus.RUNNING, "direct", Instant.now(), null, null, null));
        }
    }

    private static StreamRun run(String runId, String stream, String writeRunId, WriteMode mode) {
        return new StreamRun(
                runId, stream, StreamStatus.BEGUN, writeRunId, "", mode.jsonName(), null, 1, 0, 0, 0, 0, 0, null, null);
    }

    private StreamPlan plan(String table) {
        try (SourceConnector connector = openSource()) {
            return connector.plan(StreamSpec.of(table));
        }
    }

    private void write(String runId, String table, WriteMode mode, StreamPlan plan) {
        Queue<Frame> frames = new ArrayDeque<>();
        try (SourceConnector connector = openSource()) {
            connector.read(plan, 0, plan.units(), new ReadCallbacks() {
                @Override
                public boolean claim(long unit) {
                    return true;
                }

                @Override
                public void emit(Frame frame) {
                    frames.add(frame);
                }
            });
        }
        PreparedPipeline.Connector writer = pipeline().destination();
        WriteRequest request = new WriteRequest(runId, plan.stream(), plan.schema(), mode, List.of(), Map.of());
        try (DestinationConnector destination =
                WasmHost.shared().openDestination(writer.module(), writer.config(), InstanceOptions.of(runId))) {
            destination.apply(request);
            destination.write(request, frames::poll);
        }
    }

    private SourceConnector openSource() {
        PreparedPipeline.Connector reader = pipeline().source();
        return WasmHost.shared().openSource(reader.module(), reader.config(), InstanceOptions.of("reading"));
    }

    /** How many rows of the ledger hold batches of a run. */
    private String batches(String runId) {
        return target.value("SELECT count(*) FROM _rapidbyte_ledger WHERE run_id = '" + runId + "' AND unit >= 0");
    }

    private PreparedPipeline pipeline() {
        return pipeline(PostgresServer.PASSWORD);
    }

    private PreparedPipeline pipeline(String password) {
        PostgresServer server = PostgresServer.shared();
        String text = """
                version: "1.0"
                pipeline: shop
                source:
                  use: source-postgres
                  config: {host: "%1$s", port: %2$d, user: %3$s, password: "${TEST_PASSWORD}", database: %4$s, schema: %5$s}
                  streams: [{name: orders}, {name: users}]
                destination:
                  use: dest-postgres
                  config: {host: "%1$s", port: %2$d, user: %3$s, password: "${TEST_PASSWORD}", database: %4$s, schema: %6$s}
                  write_mode: replace
                """.formatted(
                server.host(), server.port(), PostgresServer.USER, server.database(), source.name(), target.name());
        Map<String, String> environment = Map.of("TEST_PASSWORD", password);
        return PreparedPipeline.prepare(
                PipelineFile.parse("shop.yaml", text, Path.of("."), environment::get),
                new ConnectorResolver(environment::get));
    }
}
