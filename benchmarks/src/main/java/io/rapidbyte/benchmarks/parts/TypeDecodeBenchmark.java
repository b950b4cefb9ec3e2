// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.parts;

import io.rapidbyte.benchmarks.scenario.TableProfile;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * The same as {@link CopyDecodeBenchmark}, for one type at a time: a table of {@value #COLUMNS} columns of it. What a value costs is the share of
 * {@code decodeSeconds}, divided by the rows a second and the columns.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
public class TypeDecodeBenchmark {
    /** Columns of the table. */
    static final int COLUMNS = 8;

    private static final long ROWS = 50_000;

    /** Which type. */
    @Param
    public Sample type;

    private ServedTable table;
    private SourceConnector source;
    private StreamPlan plan;

    /** A type with an expression of the row's number {@code g} for its values. */
    public enum Sample {
        BOOLEAN("boolean", "g % 2 = 0"),
        SMALLINT("smallint", "g % 30000"),
        INTEGER("integer", "g"),
        BIGINT("bigint", "g * 1000000007"),
        REAL("real", "g / 7.0"),
        DOUBLE("double precision", "g / 7.0"),
        DECIMAL("numeric(12,2)", "g / 7.0"),
        WIDE_DECIMAL("numeric(50,20)", "g / 7.0"),
        NUMERIC("numeric", "round(g / 7.0, 6)"),
        TEXT("text", "md5(g::text)"),
        BYTEA("bytea", "decode(md5(g::text), 'hex')"),
        DATE("date", "date '2000-01-01' + (g % 10000)::integer"),
        TIME("time", "time '00:00' + g * interval '1 second'"),
        TIMETZ("timetz", "timetz '00:00+02' + g * interval '1 second'"),
        TIMESTAMP("timestamp", "timestamp '2000-01-01' + g * interval '1 minute'"),
        TIMESTAMPTZ("timestamptz", "timestamptz '2000-01-01' + g * interval '1 minute'"),
        INTERVAL("interval", "g * interval '1 minute'"),
        UUID("uuid", "md5(g::text)::uuid"),
        JSONB("jsonb", "jsonb_build_object('a', g, 'b', 'text')"),
        MONEY("money", "(g / 7.0)::numeric::money"),
        OID("oid", "g::oid"),
        INET("inet", "inet '10.0.0.0' + g"),
        MACADDR("macaddr", "substr(md5(g::text), 1, 12)::macaddr"),
        BIT("bit varying(31)", "(g::integer)::bit(31)"),
        TSVECTOR("tsvector", "to_tsvector('simple', 'a few words ' || g)"),
        POINT("point", "point(g, -g)"),
        INT_RANGE("int4range", "int4range(g::integer, g::integer + 10)"),
        INT_ARRAY("integer[]", "ARRAY[g, g + 1, g + 2, g + 3, g + 4]"),
        TEXT_ARRAY("text[]", "ARRAY['a', md5(g::text), 'bc']"),
        COMPOSITE("sample_pair", "ROW(g, md5(g::text))::sample_pair"),
        ENUM("sample_mood", "CASE WHEN g % 2 = 0 THEN 'sad' ELSE 'ok' END::sample_mood"),
        SERVER_TEXT("tsquery", "('word' || g)::tsquery");

        private final String type;
        private final String value;

        Sample(String type, String value) {
            this.type = type;
            this.value = value;
        }

        private List<String> statements() {
            StringBuilder columns = new StringBuilder();
            StringBuilder values = new StringBuilder();
            for (int column = 0; column < COLUMNS; column++) {
                String separator = column == 0 ? "" : ", ";
                columns.append(separator).append("c").append(column).append(" ").append(type);
                values.append(separator).append(value);
            }
            return List.of(
                    "CREATE TYPE sample_pair AS (a integer, b text)",
                    "CREATE TYPE sample_mood AS ENUM ('sad', 'ok')",
                    "CREATE TABLE " + TableProfile.table() + " (" + columns + ")",
                    "INSERT INTO " + TableProfile.table() + " SELECT " + values + " FROM generate_series(1::bigint, "
                            + ROWS + ") g");
        }
    }

    /** Starts the server, fills the table and plans. */
    @Setup
    public void start() throws IOException, SQLException {
        table = ServedTable.start(type.statements(), ROWS);
        source = table.openSource();
        plan = source.plan(table.stream());
    }

    /** Stops the server. */
    @TearDown
    public void stop() {
        source.close();
        table.close();
    }

    /** One read of the whole table. */
    @Benchmark
    public long read(CopyDecodeBenchmark.Phases phases, Blackhole blackhole) {
        return CopyDecodeBenchmark.read(source, plan, ROWS, phases, blackhole);
    }
}
