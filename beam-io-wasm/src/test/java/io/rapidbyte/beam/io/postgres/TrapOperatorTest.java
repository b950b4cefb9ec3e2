// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.SyncMode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Whoever may create objects in a schema of the reader's search path can put operators there that Postgres finds before its own, where types do
 * not match its own exactly. What they do would be done in the reader's name.
 */
class TrapOperatorTest {
    private static final List<String> TYPES =
            List.of("varchar", "text", "int2", "int4", "int8", "float4", "float8", "numeric");

    private static final List<String> OPERATORS = List.of("=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "%");

    @Test
    void operatorsOfOthersAreNeverCalled() {
        try (TestSchema schema = PostgresServer.shared().newSchema()) {
            String role = "reader_of_" + schema.name();
            List<String> traps = new ArrayList<>();
            for (String left : TYPES) {
                for (String right : TYPES) {
                    traps.add("CREATE FUNCTION trap(" + left + ", " + right + ") RETURNS boolean LANGUAGE plpgsql AS"
                            + " $$ BEGIN RAISE EXCEPTION 'trapped by " + left + ", " + right + "'; END $$");
                    for (String operator : OPERATORS) {
                        traps.add("CREATE OPERATOR " + schema.quoted() + "." + operator + " (LEFTARG = " + left
                                + ", RIGHTARG = " + right + ", FUNCTION = trap)");
                    }
                }
            }
            schema.execute(
                    "CREATE TABLE t (id bigint PRIMARY KEY, v varchar(40), n numeric, at timestamptz, d date, pad text)",
                    "INSERT INTO t SELECT g, 'v' || g, g, timestamptz '2020-01-01' + g * interval '1 minute',"
                            + " date '2020-01-01' + g / 100, repeat('x', 200) FROM generate_series(1, 60000) g",
                    "CREATE TABLE p (id bigint, v varchar(40)) PARTITION BY RANGE (id)",
                    "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100)",
                    "INSERT INTO p SELECT g, 'v' || g FROM generate_series(1, 50) g",
                    "ANALYZE t, p");
            schema.execute(traps.toArray(String[]::new));
            schema.executeAsSuperuser(
                    "CREATE ROLE " + role + " LOGIN PASSWORD 'trap'",
                    "ALTER ROLE " + role + " SET search_path = " + schema.quoted(),
                    "GRANT USAGE ON SCHEMA " + schema.quoted() + " TO " + role,
                    "GRANT SELECT ON ALL TABLES IN SCHEMA " + schema.quoted() + " TO " + role);
            try (SourceConnector source = PostgresCopy.openSource(schema.config(role, "trap"))) {
                source.discover(null);
                List<StreamSpec> streams = new ArrayList<>();
                streams.add(StreamSpec.of("t"));
                streams.add(StreamSpec.of("p"));
                for (String column : List.of("id", "v", "n", "at", "d")) {
                    streams.add(StreamSpec.of("t").withPartitionKey(column));
                    streams.add(StreamSpec.of("t")
                            .withSyncMode(SyncMode.INCREMENTAL)
                            .withCursor(column, null));
                    streams.add(StreamSpec.of("t")
                            .withSyncMode(SyncMode.INCREMENTAL)
                            .withCursor("d", column.equals("d") ? "v" : column));
                }
                for (StreamSpec stream : streams) {
                    assertThat(
                            stream + ": " + source.check(List.of(stream)).checks(),
                            source.check(List.of(stream)).ok(),
                            is(true));
                    StreamPlan plan = source.plan(stream);
                    Deque<Frame> frames = new ArrayDeque<>();
                    source.read(plan, 0, plan.units(), IncrementalRuns.into(frames));
                    int rows = frames.stream().mapToInt(Frame::rows).sum();
                    assertThat(stream.toString(), rows, equalTo(stream.name().equals("p") ? 50 : 60_000));
                    if (stream.name().equals("t")) {
                        assertThat(stream.toString(), plan.units(), greaterThan(1L));
                    }
                    if (stream.syncMode() == SyncMode.INCREMENTAL) {
                        StreamPlan next = source.plan(stream.withPosition(plan.position()));
                        Deque<Frame> none = new ArrayDeque<>();
                        source.read(next, 0, next.units(), IncrementalRuns.into(none));
                        assertThat(
                                stream.toString(),
                                none.stream().mapToInt(Frame::rows).sum(),
                                equalTo(0));
                    }
                }
            } finally {
                schema.executeAsSuperuser("DROP OWNED BY " + role, "DROP ROLE " + role);
            }
        }
    }
}
