// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.beam.io.ConnectorFailures;
import io.rapidbyte.beam.io.RapidbyteMetrics;
import io.rapidbyte.beam.io.RunReport;
import io.rapidbyte.beam.io.StreamReport;
import io.rapidbyte.beam.io.postgres.PostgresCopy.Runner;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.WriteMode;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How tables get from one end of a pipeline to the other: in pieces, side by side, all or not at all. */
@Timeout(60)
class PostgresFlowTest {
    private static final int ROWS = 60_000;

    private TestSchema source;
    private TestSchema target;

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

    @ParameterizedTest
    @EnumSource
    void tablesOfManyUnitsArriveWholeSideBySideAndTheReportAddsUp(Runner runner) {
        createOrders();
        source.execute(
                "create table customers as select n as id, 'customer ' || n as name from generate_series(1, 1000) n");
        RunReport report =
                RunReport.of(PostgresCopy.copy(runner, source, target, WriteMode.REPLACE, "orders", "customers"));

        assertThat(differences(source, "orders", target, "orders"), empty());
        assertThat(differences(source, "customers", target, "customers"), empty());
        assertThat("no side table is left", target.relations().size(), is(2));
        StreamReport orders = report.streams().get("orders");
        assertThat(orders.recordsRead(), is((long) ROWS));
        assertThat(orders.recordsWritten(), is((long) ROWS));
        assertThat(orders.bytesRead(), is(orders.bytesWritten()));
        assertThat(report.streams().get("customers").recordsWritten(), is(1000L));
        assertThat(orders.read().sumNanos(), equalTo(orders.read().wholeNanos()));
        assertThat(orders.write().sumNanos(), equalTo(orders.write().wholeNanos()));
        for (String phase : new String[] {
            RapidbyteMetrics.SOURCE_QUERY,
            RapidbyteMetrics.SOURCE_ARROW_ENCODE,
            RapidbyteMetrics.EMIT,
            RapidbyteMetrics.DEST_FLUSH,
            RapidbyteMetrics.DEST_COMMIT,
            RapidbyteMetrics.DEST_ARROW_DECODE,
            RapidbyteMetrics.DEST_APPLY
        }) {
            assertThat(phase, orders.get(phase), greaterThan(0L));
        }
        // A connection that was made for one stream is used for the next, too.
        assertThat(report.total(RapidbyteMetrics.SOURCE_CONNECT), greaterThan(0L));
        assertThat(report.total(RapidbyteMetrics.DEST_CONNECT), greaterThan(0L));
    }

    @ParameterizedTest
    @EnumSource
    void partitionsAreReadOneByOneWhateverTheirColumnsOrder(Runner runner) {
        source.execute(
                "create table events (id bigint, kind text, note text) partition by range (id)",
                "create table events_1 partition of events for values from (0) to (20000)",
                "create table events_2 (note text, gone integer, kind text, id bigint)",
                "alter table events_2 drop column gone",
                "alter table events attach partition events_2 for values from (20000) to (40000)",
                "create table events_3 partition of events for values from (40000) to (70000) partition by list (kind)",
                "create table events_3_a partition of events_3 for values in ('a')",
                "create table events_3_rest partition of events_3 default",
                "create table events_none partition of events default",
                "insert into events select n, case n % 3 when 0 then 'a' when 1 then 'b' end, repeat(md5(n::text), 3)"
                        + " from generate_series(1, " + ROWS + ") n",
                "create table animals (id integer, name text)",
                "create table dogs (barks boolean) inherits (animals)",
                "create table puppies (weeks integer) inherits (dogs)",
                "insert into animals select n, 'animal' from generate_series(1, 10) n",
                "insert into dogs select n, 'dog', true from generate_series(11, 20) n",
                "insert into puppies select n, 'puppy', false, n from generate_series(21, 30) n",
                "create table animals_and_dogs as table animals");
        RunReport report =
                RunReport.of(PostgresCopy.copy(runner, source, target, WriteMode.REPLACE, "events", "animals"));

        assertThat(differences(source, "events", target, "events"), empty());
        assertThat(differences(source, "animals_and_dogs", target, "animals"), empty());
        assertThat(report.streams().get("events").recordsRead(), is((long) ROWS));
        assertThat(report.streams().get("animals").recordsRead(), is(30L));
    }

    @Test
    void whoMayReadATableOnlyAndNotItsPartitionsGetsAllRows() {
        source.execute(
                "create table events (id bigint) partition by range (id)",
                "create table events_1 partition of events for values from (0) to (20)",
                "create table events_2 partition of events for values from (20) to (40)",
                "insert into events select generate_series(0, 39)");
        String role = source.name() + "_reader";
        source.executeAsSuperuser(
                "create role " + TestSchema.quote(role) + " login password 'geheim'",
                "grant usage on schema " + source.quoted() + " to " + TestSchema.quote(role),
                "grant select on events, events_1 to " + TestSchema.quote(role));
        try {
            PostgresCopy.copy(Runner.DIRECT, source.config(role, "geheim"), target, WriteMode.REPLACE, "events");
        } finally {
            source.executeAsSuperuser("drop owned by " + TestSchema.quote(role), "drop role " + TestSchema.quote(role));
        }

        assertThat(differences(source, "events", target, "events"), empty());
    }

    @Test
    void appendedTablesGrowByWhatIsRead() {
        createOrders();
        PostgresCopy.copy(Runner.DIRECT, source, target, WriteMode.APPEND, "orders");
        PostgresCopy.copy(Runner.DIRECT, source, target, WriteMode.APPEND, "orders");
        assertThat(target.value("select count(*) from orders"), is("" + 2 * ROWS));
        assertThat(target.value("select count(distinct id) from orders"), is("" + ROWS));
    }

    @ParameterizedTest
    @EnumSource
    void aReplaceThatFailsMidwayLeavesTheTargetAsItWas(Runner runner) {
        source.execute(
                "create view orders as select n as id, 1 / (50000 - n) as share from generate_series(1, 60000) n");
        target.execute("create table orders (id integer, share integer)", "insert into orders values (7, 7)");
        RuntimeException thrown = assertThrows(
                RuntimeException.class, () -> PostgresCopy.copy(runner, source, target, WriteMode.REPLACE, "orders"));
        ConnectorException failure = ConnectorFailures.find(thrown).orElseThrow(() -> thrown);
        assertThat(failure.error().code(), is("22012"));
        assertThat(failure.connector(), is("source-postgres"));
        assertThat(target.query("select id || '/' || share from orders"), is(List.of("7/7")));
    }

    private void createOrders() {
        source.execute(
                "create table orders (id bigint primary key, customer integer, note text, amount numeric(12,2), at timestamptz)",
                "insert into orders select n, n % 1000, 'note ' || repeat(md5(n::text), 3), n / 7.0,"
                        + " timestamptz '2024-01-01 00:00Z' + n * interval '1 second' from generate_series(1, " + ROWS
                        + ") n");
    }
}
