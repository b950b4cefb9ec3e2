// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.beam.io.ArrowBatch;
import io.rapidbyte.beam.io.ConnectorFailures;
import io.rapidbyte.beam.io.SourceSnapshot;
import io.rapidbyte.beam.io.WasmIO;
import io.rapidbyte.beam.io.postgres.PostgresCopy.Runner;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.WriteMode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.ParDo;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A read in many pieces sees one state of the database, whatever happens to the tables meanwhile. */
@Timeout(60)
class SnapshotReadTest {
    private static final int ROWS = 60_000;

    /** What is to happen when the first batch passes; runners copy the step, and so it is outside of it. */
    private static final AtomicReference<Runnable> AT_THE_FIRST_BATCH = new AtomicReference<>();

    private TestSchema source;
    private TestSchema target;

    /** Does once, in the midst of the run, what was put into {@link #AT_THE_FIRST_BATCH}. */
    private static final class Meanwhile extends DoFn<ArrowBatch, ArrowBatch> {
        private static final long serialVersionUID = 1L;

        @ProcessElement
        public void process(@Element ArrowBatch batch, OutputReceiver<ArrowBatch> output) {
            Runnable event = AT_THE_FIRST_BATCH.getAndSet(null);
            if (event != null) {
                event.run();
            }
            output.output(batch);
        }
    }

    @BeforeEach
    void createTables() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        AT_THE_FIRST_BATCH.set(null);
        for (String table : new String[] {"orders", "refunds"}) {
            source.execute(
                    "create table " + table + " (id bigint, customer integer, note text)",
                    "insert into " + table + " select n, n % 1000, 'note ' || repeat(md5(n::text), 3)"
                            + " from generate_series(1, " + ROWS + ") n",
                    "create table " + table + "_as_it_was as table " + table);
        }
    }

    @AfterEach
    void dropTables() {
        target.close();
        source.close();
    }

    private void change(String table) {
        source.execute(
                "update " + table + " set customer = -customer, note = note || ' changed' where id % 3 = 0",
                "delete from " + table + " where id % 5 = 0",
                "insert into " + table + " select -n, 0, 'new' from generate_series(1, 20000) n");
    }

    private WasmIO.Read read(Map<String, Object> config, String... streams) {
        return WasmIO.read()
                .withConnector(ConnectorModule.bundled("source-postgres"))
                .withConfig(PostgresCopy.json(config))
                // Small bundles, so that the end of the table is read long after its beginning.
                .withMaxBundleBytes(1 << 20)
                .withStreams(PostgresCopy.streams(streams));
    }

    private void run(Runner runner, WasmIO.Read read) {
        Pipeline pipeline = Pipeline.create(runner.options());
        pipeline.apply("read", read)
                .apply("meanwhile", ParDo.of(new Meanwhile()))
                .apply(
                        "write",
                        WasmIO.write()
                                .withConnector(ConnectorModule.bundled("dest-postgres"))
                                .withConfig(PostgresCopy.json(target.config()))
                                .withWriteMode(WriteMode.REPLACE));
        pipeline.run().waitUntilFinish();
    }

    private ConnectorException failureOf(Runner runner, WasmIO.Read read) {
        RuntimeException thrown = assertThrows(RuntimeException.class, () -> run(runner, read));
        return ConnectorFailures.find(thrown).orElseThrow(() -> thrown);
    }

    @ParameterizedTest
    @EnumSource
    void whatChangesWhileItIsReadIsNotSeen(Runner runner) {
        AT_THE_FIRST_BATCH.set(() -> {
            change("orders");
            change("refunds");
        });
        try (SourceSnapshot snapshot =
                read(source.config(), "orders", "refunds").openSnapshot()) {
            assertThat(snapshot.isShared(), is(true));
            run(runner, snapshot.read());
        }

        assertThat("the change was made", AT_THE_FIRST_BATCH.get() == null, is(true));
        assertThat(differences(source, "orders_as_it_was", target, "orders"), empty());
        assertThat(differences(source, "refunds_as_it_was", target, "refunds"), empty());
    }

    @Test
    void whatChangesBeforeItIsReadIsNotSeenEither() {
        try (SourceSnapshot snapshot =
                read(source.config(), "orders", "refunds").openSnapshot()) {
            change("orders");
            source.execute("delete from refunds", "vacuum refunds");
            run(Runner.DIRECT, snapshot.read());
        }

        assertThat(differences(source, "orders_as_it_was", target, "orders"), empty());
        assertThat(differences(source, "refunds_as_it_was", target, "refunds"), empty());
    }

    @Test
    void aTableOfAnySizeThatWasEmptyStaysEmpty() {
        source.execute("create table late (id bigint)", "create table late_as_it_was as table late");
        try (SourceSnapshot snapshot = read(source.config(), "late").openSnapshot()) {
            source.execute("insert into late select generate_series(1, 100000)");
            run(Runner.DIRECT, snapshot.read());
        }

        assertThat(differences(source, "late_as_it_was", target, "late"), empty());
    }

    @Test
    void aViewIsReadAsItsTablesWere() {
        source.execute("create view busy as select id, note from orders where id > 100");
        source.execute("create table busy_as_it_was as table busy");
        try (SourceSnapshot snapshot = read(source.config(), "busy").openSnapshot()) {
            change("orders");
            run(Runner.DIRECT, snapshot.read());
        }

        assertThat(differences(source, "busy_as_it_was", target, "busy"), empty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"truncate orders", "vacuum full orders", "alter table orders alter note type varchar(500)"})
    void aTableThatIsTruncatedOrWrittenAnewEndsTheRead(String statement) {
        ConnectorException failure;
        try (SourceSnapshot snapshot = read(source.config(), "orders").openSnapshot()) {
            source.execute(statement);
            failure = failureOf(Runner.DIRECT, snapshot.read());
        }

        assertThat(failure.error().code(), is("table_rewritten"));
        assertThat(
                failure.getMessage(),
                allOf(
                        containsString("stream 'orders'"),
                        containsString('"' + source.name() + "\".\"orders\" was truncated or written anew")));
        assertThat(target.relations(), empty());
    }

    @Test
    void aReadWithoutASnapshotNoticesARewriteToo() {
        Map<String, Object> config = new LinkedHashMap<>(source.config());
        config.put("snapshot", "none");
        try (SourceSnapshot snapshot = read(config, "orders").openSnapshot()) {
            assertThat(snapshot.isShared(), is(false));
            source.execute("cluster orders using " + index());
            assertThat(failureOf(Runner.DIRECT, snapshot.read()).error().code(), is("table_rewritten"));
        }
    }

    private String index() {
        source.execute("create index orders_by_customer on orders (customer)");
        return "orders_by_customer";
    }

    @Test
    void aSnapshotThatWasClosedIsMissedAndNotReplaced() {
        SourceSnapshot snapshot = read(source.config(), "orders").openSnapshot();
        snapshot.close();

        ConnectorException failure = failureOf(Runner.DIRECT, snapshot.read());

        assertThat(failure.error().code(), is("snapshot_lost"));
        assertThat(failure.getMessage(), containsString("the snapshot that all parts of this run read is gone"));
        assertThat(target.relations(), empty());
    }

    @Test
    void tablesThatWereReadAreNotLocked() {
        try (SourceSnapshot snapshot = read(source.config(), "orders").openSnapshot()) {
            source.execute("set lock_timeout = '1s'", "alter table refunds add column later integer");
            run(Runner.DIRECT, snapshot.read());
            source.execute("set lock_timeout = '1s'", "drop table orders");
        }

        assertThat(differences(source, "orders_as_it_was", target, "orders"), empty());
    }
}
