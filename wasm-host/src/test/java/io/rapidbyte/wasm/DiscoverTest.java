// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.hamcrest.Matchers.nullValue;

import io.rapidbyte.testing.TestSchema;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the source says there is to read. */
@Timeout(120)
class DiscoverTest {
    private static Map<String, DiscoveredStream> discover(TestSchema schema) {
        try (SourceConnector source = PostgresSource.open(schema.config())) {
            return source.discover(null).stream()
                    .filter(stream -> stream.namespace().equals(schema.name()))
                    .collect(Collectors.toMap(DiscoveredStream::name, stream -> stream));
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyKindOfRelationIsListedAndLeavesOfPartitionsAreNot(ServerVersion version) {
        try (TestSchema schema = version.newSchema()) {
            schema.execute(
                    "create table plain (id int)",
                    "create table parted (id int) partition by list (id)",
                    "create table leaf partition of parted default",
                    "create table parent (id int)",
                    "create table child () inherits (parent)",
                    "create view seen as select 1 as id",
                    "create materialized view kept as select 1 as id",
                    "create sequence numbers",
                    "create index on plain (id)");
            String wrapper = schema.name() + "_wrapper";
            schema.executeAsSuperuser(
                    "create foreign data wrapper " + wrapper,
                    "create server " + wrapper + " foreign data wrapper " + wrapper,
                    "create foreign table elsewhere (id int) server " + wrapper,
                    "grant select on elsewhere to public");
            try {
                Map<String, DiscoveredStream> streams = discover(schema);
                Map<String, String> kinds = streams.values().stream()
                        .collect(Collectors.toMap(DiscoveredStream::name, DiscoveredStream::kind));
                assertThat(
                        kinds,
                        is(Map.of(
                                "plain", "table",
                                "parted", "partitioned_table",
                                "parent", "table",
                                "child", "table",
                                "seen", "view",
                                "kept", "materialized_view",
                                "elsewhere", "foreign_table")));
                assertThat(streams.get("elsewhere").estimatedRows(), is(-1L));
                try (SourceConnector source = PostgresSource.open(schema.config())) {
                    List<DiscoveredStream> asked = source.discover(List.of("leaf", schema.name() + ".plain"));
                    assertThat(asked.stream().map(DiscoveredStream::table).toList(), contains("leaf", "plain"));
                }
            } finally {
                schema.executeAsSuperuser("drop foreign data wrapper " + wrapper + " cascade");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void columnsAreDescribed(ServerVersion version) {
        try (TestSchema schema = version.newSchema()) {
            schema.execute("""
                    create table orders (
                        id bigint, line int, name varchar(40) not null, price numeric(10,2), dropped int,
                        doubled int generated always as (line * 2) stored, primary key (line, id))""", "alter table orders drop dropped");
            DiscoveredStream orders = discover(schema).get("orders");
            assertThat(orders.primaryKey(), contains("line", "id"));
            assertThat(
                    orders.fields(),
                    contains(
                            new DiscoveredStream.Field("id", "int64", "bigint", false, true, false),
                            new DiscoveredStream.Field("line", "int32", "integer", false, true, false),
                            new DiscoveredStream.Field("name", "utf8", "character varying(40)", false, false, false),
                            new DiscoveredStream.Field(
                                    "price", "decimal128(10,2)", "numeric(10,2)", true, false, false),
                            new DiscoveredStream.Field("doubled", "int32", "integer", true, false, true)));
        }
    }

    @ParameterizedTest
    @EnumSource
    void sizesAreEstimatedWithAndWithoutStatistics(ServerVersion version) {
        try (TestSchema schema = version.newSchema()) {
            schema.execute(
                    "create table counted as select n as id, repeat('x', 100) as text from generate_series(1, 10000) n",
                    "analyze counted",
                    "create table uncounted as select * from counted",
                    "create table nothing (id int)",
                    "create table little as select 1 as id",
                    "create table parted (id int, text text) partition by range (id)",
                    "create table parted_1 partition of parted for values from (1) to (4000)",
                    "create table parted_2 partition of parted default",
                    "insert into parted select * from counted",
                    "analyze parted_1",
                    "analyze parted_2",
                    "create table parent (id int, text text)",
                    "create table child () inherits (parent)",
                    "insert into parent select * from counted where id <= 2000",
                    "insert into child select * from counted where id > 2000",
                    "analyze parent",
                    "analyze child",
                    "create table leafless (id int) partition by list (id)",
                    "create view seen as select id from counted where id <= 5000");
            Map<String, DiscoveredStream> streams = discover(schema);
            for (String table : List.of("counted", "uncounted", "parted", "parent")) {
                DiscoveredStream stream = streams.get(table);
                // Without statistics the server does not know how long the texts are.
                long most = table.equals("uncounted") ? 50_000 : 12_000;
                assertThat(table, stream.estimatedRows(), allOf(greaterThan(8_000L), lessThanOrEqualTo(most)));
                assertThat(
                        table, stream.estimatedBytes(), allOf(greaterThan(1_000_000L), lessThanOrEqualTo(2_000_000L)));
            }
            for (String table : List.of("nothing", "leafless")) {
                assertThat(table, streams.get(table).estimatedRows(), is(0L));
                assertThat(table, streams.get(table).estimatedBytes(), is(0L));
            }
            assertThat(streams.get("little").estimatedBytes(), is(8192L));
            assertThat(streams.get("little").estimatedRows(), is(lessThanOrEqualTo(300L)));
            DiscoveredStream view = streams.get("seen");
            assertThat(view.estimatedRows(), allOf(greaterThan(4_000L), lessThanOrEqualTo(6_000L)));
            assertThat(view.estimatedBytes(), is(greaterThanOrEqualTo(4 * view.estimatedRows())));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aCursorIsSuggestedByNameAndTypeElseByAnIntegerKey(ServerVersion version) {
        try (TestSchema schema = version.newSchema()) {
            schema.execute(
                    "create table updated (id int primary key, created_at timestamptz, updated_at timestamptz)",
                    "create table modified (id int primary key, \"Modified_At\" timestamp, created_at timestamptz)",
                    "create table created (id int primary key, created_at date)",
                    "create table misnamed (id int primary key, updated_at text)",
                    "create table small (id smallint primary key)",
                    "create table composite (a int, b int, primary key (a, b))",
                    "create table worded (id text primary key)",
                    "create table keyless (id int)");
            Map<String, DiscoveredStream> streams = discover(schema);
            assertThat(streams.get("updated").suggestedCursor(), is("updated_at"));
            assertThat(streams.get("modified").suggestedCursor(), is("Modified_At"));
            assertThat(streams.get("created").suggestedCursor(), is("created_at"));
            assertThat(streams.get("misnamed").suggestedCursor(), is("id"));
            assertThat(streams.get("small").suggestedCursor(), is("id"));
            for (String table : List.of("composite", "worded", "keyless")) {
                assertThat(table, streams.get(table).suggestedCursor(), is(nullValue()));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatTheUserMayNotReadIsNotListed(ServerVersion version) {
        try (TestSchema schema = version.newSchema()) {
            String role = schema.name() + "_guest";
            schema.execute(
                    "create table open (id int)", "create table closed (id int)", "create table partly (a int, b int)");
            schema.executeAsSuperuser(
                    "create role " + role + " login password 'geheim'",
                    "grant usage on schema " + schema.quoted() + " to " + role,
                    "grant select on open to " + role,
                    "grant select (a) on partly to " + role);
            try (SourceConnector source = PostgresSource.open(schema.config(role, "geheim"))) {
                List<String> tables = source.discover(null).stream()
                        .filter(stream -> stream.namespace().equals(schema.name()))
                        .map(DiscoveredStream::table)
                        .toList();
                assertThat(tables, contains("open", "partly"));
            } finally {
                schema.executeAsSuperuser("drop owned by " + role, "drop role " + role);
            }
        }
    }
}
