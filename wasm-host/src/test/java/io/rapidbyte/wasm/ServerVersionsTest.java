// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import io.rapidbyte.testing.TableComparison;
import io.rapidbyte.testing.TestSchema;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Both connectors against the oldest and the newest server that they work with. */
@Timeout(120)
class ServerVersionsTest {
    private static final ConnectorModule DESTINATION = ConnectorModule.bundled("dest-postgres");

    /** Reads all units, each by an instance of its own when there are several, and writes what came. */
    private static StreamPlan copy(TestSchema from, TestSchema to, StreamPlan plan) {
        List<Frame> frames = new ArrayList<>();
        for (long unit = 0; unit < plan.units(); unit++) {
            try (SourceConnector source = PostgresSource.open(from.config())) {
                Probes.Reader reader = new Probes.Reader();
                source.read(plan, unit, unit + 1, reader);
                frames.addAll(reader.frames);
            }
        }
        try (DestinationConnector destination = WasmHost.shared()
                .openDestination(DESTINATION, PostgresSource.json(to.config()), InstanceOptions.of("run-1"))) {
            WriteRequest request =
                    new WriteRequest("run-1", plan.stream(), plan.schema(), WriteMode.REPLACE, List.of(), Map.of());
            destination.apply(request);
            destination.write(request, new Probes.Feed(frames));
            destination.finalizeStream(request);
        }
        return plan;
    }

    private static StreamPlan copy(TestSchema from, TestSchema to, StreamSpec stream) {
        try (SourceConnector source = PostgresSource.open(from.config())) {
            StreamPlan plan = source.plan(stream);
            // Held open until all is read.
            return copy(from, to, plan.withSnapshot(source.snapshot().orElseThrow()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void theServerIsWhatItIsTakenFor(ServerVersion version) {
        try (TestSchema schema = version.newSchema();
                SourceConnector source = PostgresSource.open(schema.config())) {
            assertThat(schema.value("show server_version"), startsWith(version.major + "."));
            CheckResult checks = source.check(List.of());
            assertThat(checks.ok(), is(true));
            assertThat(checks.checks().toString(), containsString("the server has version " + version.major));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aTableOfManyTypesIsCopied(ServerVersion version) {
        try (TestSchema from = version.newSchema();
                TestSchema to = version.newSchema()) {
            from.execute(
                    """
                    create table everything (
                        id bigint generated always as identity primary key, small smallint, whole int, price numeric(10,2),
                        exact numeric, half real, double double precision, flag boolean not null, label text,
                        short varchar(20), fixed char(5), bytes bytea, day date, at time, moment timestamp, instant timestamptz,
                        length interval, token uuid, document json, tree jsonb, address inet, bits bit varying(8),
                        total int generated always as (whole * 2) stored)""",
                    """
                    insert into everything (small, whole, price, exact, half, double, flag, label, short, fixed, bytes, day, at, moment,
                        instant, length, token, document, tree, address, bits)
                    select n, -n, n / 100.0, n::numeric ^ 12, n / 3.0, n / 7.0, n % 2 = 0, 'größe ' || n, 'v' || n, 'c' || n % 10,
                        decode(md5(n::text), 'hex'), date '1999-12-31' + n, time '00:00:01' * n, timestamp '0044-03-15 BC' + n * interval '1 day',
                        timestamptz 'epoch' + n * interval '1 hour', n * interval '1 month 2 days 3 seconds', md5(n::text)::uuid,
                        json_build_object('n', n), jsonb_build_object('n', n), ('10.0.0.' || n % 256)::inet, (n % 256)::bit(8)
                    from (select generate_series(1, 1500)) as numbers (n)""".replace("time '00:00:01' * n", "(n * interval '1 second')::time"),
                    "insert into everything (flag, price, double, moment, day) values (true, 'NaN', 'Infinity', 'infinity', '-infinity')");
            copy(from, to, StreamSpec.of("everything"));
            // The key and what is generated are ordinary columns there.
            assertThat(TableComparison.differences(from, "everything", to, "everything"), is(empty()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void partitionsAreReadOneByOneFromOneState(ServerVersion version) {
        try (TestSchema from = version.newSchema();
                TestSchema to = version.newSchema()) {
            from.execute(
                    "create table events (id int not null, text text) partition by range (id)",
                    "create table events_1 partition of events for values from (1) to (1000)",
                    "create table events_2 partition of events for values from (1000) to (3000)",
                    "create table events_3 partition of events default",
                    "insert into events select n, repeat('x', 100) from generate_series(1, 5000) n",
                    "create table expected as select * from events");
            try (SourceConnector source = PostgresSource.open(from.config())) {
                StreamPlan plan = source.plan(StreamSpec.of("events"));
                assertThat(plan.units(), is(greaterThanOrEqualTo(3L)));
                StreamPlan withSnapshot = plan.withSnapshot(source.snapshot().orElseThrow());
                from.execute("delete from events where id % 2 = 0", "insert into events values (7000, 'later')");
                copy(from, to, withSnapshot);
            }
            String rows = "select count(*), sum(id), sum(length(text)) from ";
            assertThat(to.value(rows + to.quoted() + ".events"), is(from.value(rows + "expected")));
            assertThat(to.query(rows + to.quoted() + ".events"), is(from.query(rows + "expected")));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aTableIsReadByRangesOfAKey(ServerVersion version) {
        try (TestSchema from = version.newSchema();
                TestSchema to = version.newSchema()) {
            from.execute(
                    "create table keyed as select n as id, repeat(md5(n::text), 40) as text from generate_series(1, 12000) n",
                    "analyze keyed");
            StreamPlan plan = copy(from, to, StreamSpec.of("keyed").withPartitionKey("id"));
            assertThat(plan.unitKind(), is("key_ranges"));
            assertThat(plan.units(), is(greaterThanOrEqualTo(2L)));
            assertThat(TableComparison.differences(from, "keyed", to, "keyed"), is(empty()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void viewsAreCopied(ServerVersion version) {
        try (TestSchema from = version.newSchema();
                TestSchema to = version.newSchema()) {
            from.execute(
                    "create table base as select n as id from generate_series(1, 100) n",
                    "create view seen as select id, id * 2 as doubled from base where id > 50",
                    "create materialized view kept as select count(*) as rows from base");
            for (String view : List.of("seen", "kept")) {
                copy(from, to, StreamSpec.of(view));
                assertThat(TableComparison.differences(from, view, to, view), is(empty()));
            }
        }
    }
}
