// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.beam.io.ConnectorFailures;
import io.rapidbyte.beam.io.WasmIO;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.WasmHost;
import io.rapidbyte.wasm.WriteMode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.apache.beam.sdk.Pipeline;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a replaced table keeps, what its readers see, and what a run that fails leaves. */
@Timeout(180)
class ReplaceTest {
    /** A target with all that a table can have, and a query for what the catalogue says of it; the connector's own tests use them, too. */
    private static final Path SQL = Path.of("..", "connectors", "dest-postgres", "src", "replace_tests");

    private static final String SIDE_TABLES =
            "SELECT relname FROM pg_class WHERE relname LIKE '\\_rapidbyte\\_%' AND relnamespace = current_schema()::regnamespace"
                    + " AND relname NOT LIKE '\\_rapidbyte\\_ledger%'";

    /** The ends of the range of servers. */
    enum Server {
        OLDEST(PostgresServer::oldest),
        NEWEST(PostgresServer::shared);

        private final Supplier<PostgresServer> server;

        Server(Supplier<PostgresServer> server) {
            this.server = server;
        }
    }

    @ParameterizedTest
    @EnumSource
    void allThatATableHasSurvivesTwoRuns(Server server) {
        try (TestSchema source = PostgresServer.shared().newSchema();
                TestSchema target = server.server.get().newSchema()) {
            createRichTarget(target);
            List<String> before = state(target);
            assertThat(before.size(), is(greaterThan(90)));
            for (int run = 1; run <= 2; run++) {
                String number = target.value("SELECT 't'::regclass::oid");
                createRows(source, run);
                replace(UUID.randomUUID().toString(), source, target);
                assertThat(state(target), containsInAnyOrder(before.toArray()));
                assertThat(target.value("SELECT count(*) || ' ' || min(name) FROM t"), is("30 run " + run));
                assertThat(target.value("SELECT count(*) FROM seen_twice"), is("30"));
                assertThat("a new table is there", target.value("SELECT 't'::regclass::oid"), is(not(number)));
            }
            assertThat(target.query(SIDE_TABLES), is(List.of()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void allThatDependsOnATableSurvivesWhenItsRowsAreExchanged(Server server) {
        try (TestSchema source = PostgresServer.shared().newSchema();
                TestSchema target = server.server.get().newSchema()) {
            createRichTarget(target);
            target.execute(
                    "CREATE MATERIALIZED VIEW of_t AS SELECT id FROM t",
                    "CREATE FUNCTION all_of_t() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM " + target.name()
                            + ".t'",
                    "INSERT INTO child VALUES (1, 10)");
            List<String> before = state(target);
            String number = target.value("SELECT 't'::regclass::oid");
            for (int run = 1; run <= 2; run++) {
                createRows(source, run);
                replace(UUID.randomUUID().toString(), source, target);
                assertThat(state(target), containsInAnyOrder(before.toArray()));
                assertThat(target.value("SELECT count(*) || ' ' || min(name) FROM all_of_t()"), is("30 run " + run));
                assertThat("the table is the old one", target.value("SELECT 't'::regclass::oid"), is(number));
                assertThat("nothing was deleted with a row", target.value("SELECT count(*) FROM child"), is("1"));
            }
            assertThat(target.query(SIDE_TABLES), is(List.of()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRunThatFailsInTheSwapLeavesTheTargetAsItWas(Server server) {
        try (TestSchema source = PostgresServer.shared().newSchema();
                TestSchema target = server.server.get().newSchema()) {
            createRichTarget(target);
            // A row that the new ones do not have.
            target.execute("INSERT INTO child VALUES (1, 10)");
            List<String> before = state(target);
            createRows(source, 1);
            source.execute("DELETE FROM t WHERE id = 10");
            String run = UUID.randomUUID().toString();
            RuntimeException thrown = assertThrows(RuntimeException.class, () -> replace(run, source, target));
            ConnectorException failure = ConnectorFailures.find(thrown).orElseThrow(() -> thrown);
            assertThat(failure.error().code(), is("23503"));
            assertThat(failure.error().message(), containsString("the new rows of " + target.name() + ".t"));
            assertThat(target.value("SELECT string_agg(name, ',' ORDER BY id) FROM t"), is("old 1,old 2,old 3"));
            assertThat(target.query(SIDE_TABLES), hasItem(startsWith("_rapidbyte_")));
            try (DestinationConnector destination = WasmHost.shared()
                    .openDestination(
                            ConnectorModule.bundled("dest-postgres"),
                            PostgresCopy.json(target.config()),
                            InstanceOptions.of(run))) {
                destination.teardown(PostgresCopy.streams("t"), "failed");
            }
            assertThat(state(target), containsInAnyOrder(before.toArray()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void whoeverReadsSeesAllOldOrAllNewRows(Server server) throws Exception {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        AtomicBoolean done = new AtomicBoolean();
        try (TestSchema source = PostgresServer.shared().newSchema();
                TestSchema target = server.server.get().newSchema();
                Connection earlier = server.server.get().connect()) {
            target.execute(
                    "CREATE TABLE t (id int PRIMARY KEY, run int)",
                    "INSERT INTO t SELECT n, 0 FROM generate_series(1, 20000) n",
                    "CREATE VIEW seen AS SELECT * FROM t");
            Future<List<String>> reader = thread.submit(() -> poll(server, target, done));
            source.execute("CREATE TABLE t AS SELECT n AS id, 0 AS run FROM generate_series(1, 20000) n");
            for (int run = 1; run <= 4; run++) {
                if (run == 3) {
                    // From here on the rows are exchanged: whoever began before goes on to see the old ones.
                    target.execute("CREATE MATERIALIZED VIEW numbers AS SELECT id FROM t");
                    earlier.setAutoCommit(false);
                    earlier.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                    assertThat(value(earlier, "SELECT 1"), is("1"));
                }
                source.execute("UPDATE t SET run = " + run);
                replace(UUID.randomUUID().toString(), source, target);
            }
            assertThat(value(earlier, rows(target, "t")), is("20000 1 2"));
            earlier.rollback();
            assertThat(value(earlier, rows(target, "t")), is("20000 1 4"));
            done.set(true);
            List<String> seen = reader.get();
            assertThat(seen.size(), is(greaterThan(20)));
            assertThat(seen, everyItem(startsWith("20000 1 ")));
        } finally {
            done.set(true);
            thread.shutdownNow();
        }
    }

    private static List<String> poll(Server server, TestSchema target, AtomicBoolean done) throws SQLException {
        List<String> seen = new ArrayList<>();
        try (Connection connection = server.server.get().connect()) {
            while (!done.get()) {
                seen.add(value(connection, rows(target, "t")));
                seen.add(value(connection, rows(target, "seen")));
            }
        }
        return seen;
    }

    /** How many rows there are, of how many runs, and of which. */
    private static String rows(TestSchema target, String relation) {
        return "SELECT count(*) || ' ' || count(DISTINCT run) || ' ' || min(run) FROM " + target.quoted() + "."
                + relation;
    }

    private static String value(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement();
                var result = statement.executeQuery(sql)) {
            result.next();
            return result.getString(1);
        }
    }

    private static void createRichTarget(TestSchema target) {
        target.executeAsSuperuser(
                "DO 'BEGIN CREATE ROLE \"rb Taker\"; EXCEPTION WHEN duplicate_object THEN NULL; END'");
        target.execute(sql("target.sql").split(";\\n"));
        target.execute("CREATE PUBLICATION " + target.quoted() + " FOR TABLE t");
    }

    /** What the catalogue says of all there is but the ledger. */
    private static List<String> state(TestSchema target) {
        return target.query(sql("state.sql")).stream()
                .filter(line -> !line.contains("_rapidbyte_ledger"))
                .toList();
    }

    private static String sql(String file) {
        try {
            return Files.readString(SQL.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Thirty rows that the rich target takes, another lot for each run. */
    private static void createRows(TestSchema source, int run) {
        source.execute(
                "DROP TABLE IF EXISTS t",
                "CREATE TABLE t (id int, name text, number int, \"Other Column\" text)",
                "INSERT INTO t SELECT n + 5, CASE n WHEN 1 THEN 'run " + run + "' ELSE 'run " + run
                        + ", row ' || n END, n, repeat('x', 3000) FROM generate_series(1, 30) n");
    }

    private static void replace(String run, TestSchema source, TestSchema target) {
        Pipeline pipeline = Pipeline.create(PostgresCopy.Runner.DIRECT.options());
        pipeline.apply(
                        "read",
                        WasmIO.read()
                                .withConnector(ConnectorModule.bundled("source-postgres"))
                                .withConfig(PostgresCopy.json(source.config()))
                                .withStreams(PostgresCopy.streams("t"))
                                .withRunId(run))
                .apply(
                        "write",
                        WasmIO.write()
                                .withConnector(ConnectorModule.bundled("dest-postgres"))
                                .withConfig(PostgresCopy.json(target.config()))
                                .withWriteMode(WriteMode.REPLACE)
                                .withRunId(run));
        pipeline.run().waitUntilFinish();
    }
}
