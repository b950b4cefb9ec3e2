// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.beam.io.RunReport;
import io.rapidbyte.beam.io.WasmIO;
import io.rapidbyte.beam.io.postgres.PostgresCopy.Runner;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.RecordPolicy;
import io.rapidbyte.wasm.WriteMode;
import io.rapidbyte.wasm.compress.Compression;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.transforms.Reshuffle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every way of writing gives the same table: each mode by each method through each compression, into tables that are there and tables that
 * are not, on each runner. All of them are in one pipeline a runner, side by side.
 */
@Timeout(240)
class WriteMatrixTest {
    private static final int ROWS = 500;

    private static final String COLUMNS =
            "(id bigint primary key, flag boolean, small smallint, price numeric(12,4), name text,"
                    + " code varchar(10), bytes bytea, at timestamptz, day date, tags text[], document jsonb, ident uuid, ratio float8)";

    private record Case(WriteMode mode, String loadMethod, Compression compression, boolean isThere) {
        static List<Case> all() {
            List<Case> cases = new ArrayList<>();
            for (WriteMode mode : WriteMode.values()) {
                for (String loadMethod : List.of("copy", "insert")) {
                    for (Compression compression : Compression.values()) {
                        cases.add(new Case(mode, loadMethod, compression, false));
                        cases.add(new Case(mode, loadMethod, compression, true));
                    }
                }
            }
            return cases;
        }

        String table() {
            return (mode + "_" + loadMethod + "_" + compression.label() + (isThere ? "_there" : "_new"))
                    .toLowerCase(Locale.ROOT);
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyWayGivesTheSameTable(Runner runner) {
        List<Case> cases = Case.all();
        try (TestSchema source = PostgresServer.shared().newSchema();
                TestSchema target = PostgresServer.shared().newSchema()) {
            source.execute(
                    "create table items " + COLUMNS,
                    "insert into items select n, n % 2 = 0, n % 100, n / 7.0, case when n % 10 > 0 then 'item ' || n end,"
                            + " 'c' || n, decode(md5(n::text), 'hex'), timestamptz '2024-01-01 00:00Z' + n * interval '1 hour',"
                            + " date '2024-01-01' + n, array[n::text, null], jsonb_build_object('n', n), md5(n::text)::uuid,"
                            + " case when n = 1 then 'NaN' else n / 3.0 end from generate_series(1, " + ROWS + ") n");
            for (Case each : cases) {
                source.execute("create view " + each.table() + " as table items");
                if (each.isThere) {
                    target.execute(
                            "create table " + each.table() + " " + COLUMNS,
                            // Of another key, and for an upsert of one that comes again.
                            "insert into " + each.table() + " (id, name) values (-1, 'before')"
                                    + (each.mode == WriteMode.UPSERT ? ", (7, 'before')" : ""));
                }
            }
            Pipeline pipeline = Pipeline.create(runner.options());
            cases.forEach(each -> add(pipeline, each, source.config(), target.config()));
            PipelineResult result = pipeline.run();
            result.waitUntilFinish();

            RunReport report = RunReport.of(result);
            String values = "id, flag, small, price, name, code, bytes, at, day, tags, document, ident, ratio";
            for (Case each : cases) {
                String table = each.table();
                source.execute("drop view " + table, "create table " + table + " as table items");
                if (each.isThere && each.mode != WriteMode.REPLACE) {
                    source.execute("insert into " + table + " (id, name) values (-1, 'before')");
                }
                String there = target.quoted() + "." + table;
                assertThat(
                        table,
                        source.query("(select " + values + " from " + there + " except all select " + values + " from "
                                + table + ") union all (select " + values + " from " + table
                                + " except all select " + values + " from " + there + ")"),
                        is(empty()));
                assertThat(table, report.streams().get(table).recordsWritten(), is((long) ROWS));
            }
            for (Case each : cases) {
                assertThat(
                        each.table(),
                        target.query(
                                "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = '"
                                        + each.table() + "'::regclass and attnum > 0 order by attnum"),
                        is(source.query(
                                "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid ="
                                        + " 'items'::regclass and attnum > 0 order by attnum")));
            }
            assertThat(
                    "a marker for each run that has ended, and batches of the last alone",
                    target.query(
                            "select count(distinct run_id) from _rapidbyte_ledger where unit >= 0 group by stream"),
                    everyItem(is("1")));
            assertThat(target.relations().size(), is(cases.size()));
        }
    }

    /** Of every hundred rows one is refused by a check, one because a value cannot be computed, and one because its key is there. */
    @ParameterizedTest
    @EnumSource
    void everyWayLeavesTheSameRecordsOut(Runner runner) {
        List<Case> cases = Case.all().stream()
                .filter(each -> each.isThere && each.compression == Compression.NONE)
                .toList();
        try (TestSchema source = PostgresServer.shared().newSchema();
                TestSchema target = PostgresServer.shared().newSchema()) {
            source.execute(
                    "create table items (id bigint, number integer, name text)",
                    "insert into items select n, case when n % 100 = 3 then -1 else n end,"
                            + " case when n % 100 = 4 then 'bad' else 'item ' || n end"
                            + " from generate_series(1, " + ROWS + ") n");
            for (Case each : cases) {
                source.execute("create view " + each.table() + " as table items");
                target.execute(
                        "create table " + each.table() + " (id bigint primary key,"
                                + " number integer check (1 / (number + 1) >= 0), name text check (name <> 'bad'), unique (name))");
                if (each.mode != WriteMode.REPLACE) {
                    target.execute("insert into " + each.table()
                            + " select -n, 0, 'item ' || n from generate_series(5, " + ROWS + ", 100) n");
                }
            }
            Pipeline pipeline = Pipeline.create(runner.options());
            Map<String, Object> config = target.config();
            config.put("dead_letter_table", "refused");
            cases.forEach(each -> add(pipeline, each, source.config(), config));
            PipelineResult result = pipeline.run();
            result.waitUntilFinish();

            RunReport report = RunReport.of(result);
            for (Case each : cases) {
                String table = each.table();
                boolean hasKeys = each.mode != WriteMode.REPLACE;
                long refused = ROWS / 100 * (hasKeys ? 3 : 2);
                List<String> good = source.query("select id, number, name from items where id % 100 not in (3, 4"
                        + (hasKeys ? ", 5" : "") + ") order by id");
                assertThat(
                        table,
                        target.query("select id, number, name from " + table + " where id > 0 order by id"),
                        is(good));
                List<String> letters =
                        source.query("select id, case id % 100 when 3 then '22012' when 4 then '23514' else"
                                + " '23505' end from items where id % 100 in (3, 4" + (hasKeys ? ", 5" : "")
                                + ") order by id");
                assertThat(
                        table,
                        target.query("select record ->> 'id', sqlstate from refused where stream = '" + table
                                + "' order by (record ->> 'id')::bigint"),
                        is(letters));
                assertThat(table, report.streams().get(table).recordsWritten(), is(ROWS - refused));
                assertThat(table, report.streams().get(table).recordsRefused(), is(refused));
            }
        }
    }

    private static void add(Pipeline pipeline, Case each, Map<String, Object> source, Map<String, Object> target) {
        target.put("load_method", each.loadMethod);
        pipeline.apply(
                        "read " + each.table(),
                        WasmIO.read()
                                .withConnector(ConnectorModule.bundled("source-postgres"))
                                .withConfig(source)
                                .withStream(each.table())
                                .withCompression(each.compression)
                                .withRunId("run-" + each.table()))
                // Here batches are encoded, on every runner.
                .apply("shuffle " + each.table(), Reshuffle.viaRandomKey())
                .apply(
                        "write " + each.table(),
                        WasmIO.write()
                                .withConnector(ConnectorModule.bundled("dest-postgres"))
                                .withConfig(target)
                                .withWriteMode(each.mode)
                                .withPrimaryKey(each.mode == WriteMode.UPSERT ? List.of("id") : List.of())
                                .withDataErrorPolicy(
                                        target.containsKey("dead_letter_table") ? RecordPolicy.DLQ : RecordPolicy.FAIL)
                                .withRunId("run-" + each.table()));
    }
}
