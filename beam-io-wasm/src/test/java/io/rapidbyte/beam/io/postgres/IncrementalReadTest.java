// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.CheckResult;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.SyncMode;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that read on from where the last one ended have, together, each row once. */
@Timeout(240)
class IncrementalReadTest {
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

    private static StreamSpec stream(String name, String cursor, String tieBreaker) {
        return StreamSpec.of(name).withSyncMode(SyncMode.INCREMENTAL).withCursor(cursor, tieBreaker);
    }

    private IncrementalRuns runs(StreamSpec stream) {
        return new IncrementalRuns(source, target, stream);
    }

    private IncrementalRuns runs(String name, String cursor, String tieBreaker) {
        return runs(stream(name, cursor, tieBreaker));
    }

    private static ConnectorException failureOf(IncrementalRuns runs) {
        return assertThrows(ConnectorException.class, runs::plan);
    }

    /** The cursor types, each with a value that grows with {@code n}. */
    private static final String TYPES = """
            smallint          ~ n::smallint
            integer           ~ n * 1000 - 2000000
            bigint            ~ n * 9000000000000000 - 4500000000000000000
            numeric           ~ n / 7.0 + (case when n % 2 = 0 then 0 else 0.000 end)
            numeric(12,3)     ~ n * 1.5
            date              ~ date '4713-01-01 BC' + n * 3000
            timestamp         ~ timestamp '2024-02-28 23:59:59.999999' + n * interval '1 microsecond'
            timestamptz       ~ timestamptz '0001-01-01 00:00+00 BC' + n * interval '7 months'
            text              ~ 'it''s \\ ' || to_char(n, '00000')
            varchar(20)       ~ 'größe ' || to_char(n, '00000')
            char(9)           ~ to_char(n, '00000')
            uuid              ~ lpad(to_hex(n), 32, '0')::uuid
            """;

    private static List<String[]> types() {
        return TYPES.lines().map(line -> line.trim().split(" +~ ")).toList();
    }

    private void insert(String table, String value, String from, String to) {
        source.execute("insert into " + table + " select " + value + ", 'note ' || n from generate_series(" + from
                + ", " + to + ") n");
    }

    @Test
    void everyTypeOfCursorIsReadOnFromWhereItWas() {
        for (String[] type : types()) {
            String table = "by_" + type[0].replaceAll("\\W.*", "") + "_" + (type[0].contains("(") ? "n" : "");
            source.execute("create table " + table + " (c " + type[0] + ", note text)");
            insert(table, type[1], "1", "300");
            insert(table, type[1], "300", "300");
            try (IncrementalRuns runs = runs(table, "c", null)) {
                runs.run();
                assertThat(type[0] + ", first run", differences(source, table, target, table), empty());

                // Some at the very end of the last run: one that is new, and two that are as one that is there.
                source.execute("insert into " + table + " select c, 'late' from (select c from " + table
                        + " order by c desc limit 1) t");
                insert(table, type[1], "300", "300");
                insert(table, type[1], "300", "300");
                insert(table, type[1], "301", "500");
                runs.run();
                assertThat(type[0] + ", second run", differences(source, table, target, table), empty());

                insert(table, type[1], "500", "500");
                insert(table, type[1], "501", "501");
                runs.run();
                assertThat(type[0] + ", third run", differences(source, table, target, table), empty());

                // Only at the end itself; and then nothing at all.
                insert(table, type[1], "501", "501");
                assertThat(type[0], runs.finish(runs.plan()), is(1L));
                String before = runs.position();
                assertThat(type[0], runs.finish(runs.plan()), is(0L));
                assertThat(type[0], runs.position(), is(before));
                assertThat(type[0] + ", last run", differences(source, table, target, table), empty());
            }
        }
    }

    @Test
    void aTieBreakerTellsRowsOfOneCursorApart() {
        for (String[] type : types()) {
            String table = "by_" + type[0].replaceAll("\\W.*", "") + "_" + (type[0].contains("(") ? "n" : "");
            // The type is the tie breaker's as well.
            source.execute("create table " + table + " (c integer, t " + type[0] + " not null, note text)");
            try (IncrementalRuns runs = runs(table, "c", "t")) {
                for (int run = 0; run < 3; run++) {
                    int first = run * 40 + 1;
                    insert(table, "n / 50, " + type[1], "" + first, "" + (first + 39));
                    // Pairs that are twice there, also across runs.
                    insert(table, "n / 50, " + type[1], "" + (first + 39), "" + (first + 39));
                    if (run > 0) {
                        insert(table, "n / 50, " + type[1], "" + (first - 1), "" + (first - 1));
                    }
                    runs.run();
                    assertThat(type[0] + ", run " + run, differences(source, table, target, table), empty());
                }
            }
        }
    }

    @Test
    void numbersThatAreEqualAreOnePlaceHoweverTheyAreWritten() {
        source.execute("create table t (amount numeric, note text)", "insert into t values (1.5, 'a'), (2.0, 'b')");
        try (IncrementalRuns runs = runs("t", "amount", null)) {
            for (String amount : List.of("2", "2.000", "2.0", "200e-2", "10", "10.0")) {
                runs.run();
                assertThat(differences(source, "t", target, "t"), empty());
                source.execute("insert into t values (" + amount + ", 'again'), (" + amount + ", 'again')");
            }
        }
    }

    @Test
    void rowsAtTheEndAreKnownByTheColumnsThatWereRead() {
        source.execute(
                "create table t (at date, a integer, b text)",
                "insert into t select date '2024-01-01', n / 2, 'b ' || n from generate_series(1, 9) n");
        String position;
        try (IncrementalRuns runs = runs(stream("t", "at", null).withColumns(List.of("a")))) {
            runs.run();
            position = runs.position();
        }
        source.execute("alter table t add column c integer default 7", "alter table t alter a type bigint");
        try (SourceConnector connector = PostgresCopy.openSource(source.config())) {
            StreamSpec all = stream("t", "at", null).withPosition(position);
            assertThat(rows(connector, connector.plan(all)), is(0L));
            source.execute("insert into t values ('2024-01-01', 1, 'new', 7)");
            StreamPlan plan = connector.plan(all);
            assertThat(rows(connector, plan), is(1L));
            assertThat(rows(connector, connector.plan(all.withPosition(plan.position()))), is(0L));
            source.execute("alter table t drop column a");
            refused(all, "has no column 'a' any more, by which the last run told rows with the same cursor apart");
        }
    }

    private static long rows(SourceConnector connector, StreamPlan plan) {
        return connector
                .read(plan, 0, plan.units(), IncrementalRuns.into(new ArrayDeque<>()))
                .rows();
    }

    @Test
    void anEmptyTableIsReadFromTheBeginningOnceItHasRows() {
        source.execute("create table t (id bigint primary key, note text)");
        try (IncrementalRuns runs = runs("t", "id", null)) {
            assertThat(runs.run().units(), is(1L));
            assertThat(runs.position(), is(nullValue()));
            insert("t", "n", "1", "10");
            runs.run();
            assertThat(differences(source, "t", target, "t"), empty());
        }
    }

    @ParameterizedTest
    @CsvSource({"id,", "at,", "at, id"})
    void rowsThatComeBetweenPlanningAndReadingAreTheNextRuns(String cursor, String tieBreaker) {
        source.execute("create table t (id bigint primary key, at date, note text)");
        insert("t", "n, date '2024-01-01' + n / 10", "1", "99");
        try (IncrementalRuns runs = runs("t", cursor, tieBreaker)) {
            StreamPlan plan = runs.plan();
            insert("t", "n, date '2024-01-01' + n / 10", "100", "150");
            source.execute("insert into t values (1000, '2024-01-10', 'late')");
            if (cursor.equals("id")) {
                source.execute("delete from t where id = 1000");
            }
            assertThat(runs.finish(plan), is(99L));
            runs.run();
            assertThat(differences(source, "t", target, "t"), empty());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "id, true, cursor_ranges",
        "id, false, cursor_ranges",
        "whole, false, cursor_ranges",
        "day, true, cursor_ranges",
        "moment, true, cursor_ranges",
        "moment, false, cursor_ranges",
        "stamp, false, cursor_ranges",
        "amount, true, cursor_ranges",
        "token, false, cursor_hashes",
        "word, true, cursor_hashes"
    })
    void aLargeRunIsDividedAndComplete(String cursor, boolean indexed, String kind) {
        source.execute(
                "create table t as select n::bigint as id, (n % 1000)::integer as whole, date '2020-01-01' + n % 900 as day,"
                        + " timestamptz '4713-01-01 00:00Z BC' + (n % 5000) * interval '1 month' as moment,"
                        + " timestamp '2020-01-01' + (n % 5000) * interval '1 second' as stamp, n % 333 / 7.0 as amount,"
                        + " md5((n % 500)::text)::uuid as token, 'it''s ' || n % 500 as word, repeat('x', 450) as filling"
                        + " from generate_series(1, 30000) n",
                "analyze t");
        if (indexed) {
            source.execute("create index on t (" + cursor + ")");
        }
        try (IncrementalRuns runs = runs("t", cursor, null)) {
            StreamPlan plan = runs.run();
            assertThat(plan.unitKind(), is(kind));
            assertThat(plan.units(), allOf(greaterThan(2L), lessThan(70L)));
            assertThat(plan.estimatedRows(), allOf(greaterThan(15_000L), lessThan(60_000L)));
            assertThat(differences(source, "t", target, "t"), empty());

            source.execute("insert into t select t.* from t cross join generate_series(1, 3) where " + cursor
                    + " = (select " + cursor + " from t order by 1 desc limit 1) limit 3");
            assertThat(runs.finish(runs.plan()), is(3L));
        }
    }

    /** A table that changes at random, its cursor never falling, in the ways that a run has to bring. */
    private final class Changing {
        private final Random random;
        private final boolean hasTieBreaker;
        private int id;
        private int now;

        Changing(String kind, long seed) {
            random = new Random(seed);
            source.execute("create table t (at integer, id integer not null, note text)");
            switch (kind) {
                case "indexed" -> source.execute("create index on t (at)");
                case "unique" -> source.execute("create unique index on t (at, id)");
                default -> {}
            }
            hasTieBreaker = kind.equals("unique") || kind.equals("tie");
        }

        IncrementalRuns runs() {
            return IncrementalReadTest.this.runs("t", "at", hasTieBreaker ? "id" : null);
        }

        void change() {
            now += random.nextInt(3);
            id += 1000;
            switch (random.nextInt(5)) {
                case 0 -> source.execute("delete from t where id % 5 = " + random.nextInt(5));
                case 1 ->
                    source.execute("with moved as (delete from t where id % 7 = " + random.nextInt(7)
                            + " returning *) insert into t select " + now + ", " + id
                            + " + row_number() over (order by id, at), left(note, 20) || ' moved' from moved");
                case 2 -> insert("null", 3, 1);
                default -> {
                    int rows = 1 + random.nextInt(4);
                    insert("" + now, rows, 1);
                    if (!hasTieBreaker) {
                        // The same once more, in all their values.
                        insert("" + now, rows, 2);
                    }
                }
            }
        }

        private void insert(String at, int rows, int step) {
            source.execute("insert into t select " + at + ", " + id + " + n, 'note ' || n from generate_series(1, "
                    + rows + ", " + step + ") n");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "indexed", "unique", "tie"})
    void whateverHappensBetweenRunsEachRowArrivesOnce(String kind) {
        long seed = System.nanoTime();
        Changing table = new Changing(kind, seed);
        // All versions of rows that a run has found; what is in t and not in here is what the next one has to bring.
        source.execute("create table arrived (like t)");
        try (IncrementalRuns runs = table.runs()) {
            for (int run = 0; run < 25; run++) {
                for (int change = table.random.nextInt(6); change > 0; change--) {
                    table.change();
                }
                runs.run();
                source.execute(
                        "insert into arrived select * from t where at is not null except all select * from arrived");
                assertThat(
                        "seed " + seed + ", run " + run + " from " + runs.position(),
                        differences(source, "arrived", target, "t"),
                        empty());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "indexed", "unique", "tie"})
    void whateverHappensUnderRunsNoRowIsLostOrDoubled(String kind) {
        long seed = System.nanoTime();
        Changing table = new Changing(kind, seed);
        String into = target.quoted() + ".t";
        source.execute(
                "create table history (like t)",
                "create function remember() returns trigger language plpgsql as" + " 'begin insert into "
                        + source.quoted() + ".history values (new.*); return null; end'",
                "create trigger remember after insert on t for each row execute function remember()");
        try (IncrementalRuns runs = table.runs()) {
            for (int run = 0; run < 25; run++) {
                StreamPlan plan = runs.plan();
                for (int change = table.random.nextInt(4); change > 0; change--) {
                    table.change();
                }
                runs.finish(plan);
            }
            runs.run();
        }
        assertThat(
                "seed " + seed + ", lost",
                source.query("select * from t where at is not null except all select * from " + into),
                empty());
        assertThat(
                "seed " + seed + ", doubled",
                source.query("select * from " + into + " except all select * from history"),
                empty());
        assertThat(Integer.parseInt(source.value("select count(*) from " + into)), greaterThan(5));
    }

    @Test
    void rowsWhoseCursorIsNoPlaceAreNeverRead() {
        source.execute(
                "create table t (day date, moment timestamptz, amount numeric, few numeric(5,2), n int)",
                "insert into t select date '2024-01-01' + n, timestamptz '2024-01-01Z' + n * interval '1 h', n, n, n"
                        + " from generate_series(1, 20) n",
                "create table finite as table t",
                "insert into t values (null, null, null, null, 0), ('infinity', 'infinity', 'NaN', 'NaN', 0)",
                "insert into t values ('-infinity', '-infinity', 'NaN', 'NaN', 0)");
        if (Integer.parseInt(source.value("show server_version_num")) >= 140000) {
            source.execute(
                    "insert into t values (null, null, 'Infinity', null, 0), (null, null, '-Infinity', null, 0)");
        }
        for (String cursor : List.of("day", "moment", "amount", "few")) {
            try (TestSchema apart = PostgresServer.shared().newSchema();
                    IncrementalRuns runs = new IncrementalRuns(source, apart, stream("t", cursor, null))) {
                runs.run();
                assertThat(cursor, differences(source, "finite", apart, "t"), empty());
                String beyond = cursor.equals("day") || cursor.equals("moment") ? "infinity" : "NaN";
                source.execute("insert into t (" + cursor + ", n) values (null, 0), ('" + beyond + "', 0)");
                assertThat(cursor, runs.finish(runs.plan()), is(0L));
            }
        }
    }

    @Test
    void aLastRowThatChangesIsNotReadAgainWhenItsKeyIsUnique() {
        source.execute("create table t (id bigint primary key, note text)", "create view seen as table t");
        insert("t", "n", "1", "10");
        for (String table : List.of("t", "seen")) {
            try (IncrementalRuns runs = runs(table, "id", null)) {
                runs.run();
                source.execute("update t set note = '" + table + " changed' where id in (9, 10)");
                // Of a view nobody knows what is unique: the row at the end could be another one.
                assertThat(table, runs.finish(runs.plan()), is(table.equals("t") ? 0L : 1L));
            }
        }
    }

    @Test
    void viewsPartitionsQuotedNamesAndSomeColumns() {
        source.execute(
                "create table \"Größe \"\"x\"\"\" (\"Der \"\"Cursor\"\"\" integer, \"T.b\" uuid not null, note text)"
                        + " partition by range (\"Der \"\"Cursor\"\"\")",
                "create table low partition of \"Größe \"\"x\"\"\" for values from (0) to (100)",
                "create table high partition of \"Größe \"\"x\"\"\" for values from (100) to (1000)",
                "create view seen as select note || '!' as note, \"Der \"\"Cursor\"\"\" / 3 as c from \"Größe \"\"x\"\"\"",
                "create view notes as select note from \"Größe \"\"x\"\"\"",
                "create view shouts as select note from seen");
        String insert =
                "insert into \"Größe \"\"x\"\"\" select n, md5(n::text)::uuid, 'note ' || n from generate_series(";
        StreamSpec quoted =
                stream("\"Größe \"\"x\"\"\"", "Der \"Cursor\"", "T.b").withColumns(List.of("note"));
        try (IncrementalRuns partitioned = runs(quoted);
                IncrementalRuns view = runs(stream("seen", "c", null).withColumns(List.of("note")))) {
            for (String range :
                    List.of("1, 90)", "91, 110) n union all select * from generate_series(110, 110)", "111, 111)")) {
                source.execute(
                        range.contains("union")
                                ? "insert into \"Größe \"\"x\"\"\" select n, md5(n::text)::uuid, 'note ' || n from (select n from generate_series(91, 110) n"
                                        + " union all select 110) s"
                                : insert + range + " n");
                partitioned.run();
                view.run();
                assertThat(differences(source, "notes", target, "Größe \"x\""), empty());
                assertThat(differences(source, "shouts", target, "seen"), empty());
            }
        }
    }

    @Test
    void aChangedCursorIsRefusedWithWhatToDo() {
        source.execute("create table t (id integer not null, at timestamptz, note text)");
        insert("t", "n, now()", "1", "10");
        String position;
        try (IncrementalRuns runs = runs("t", "id", null)) {
            runs.run();
            position = runs.position();
            source.execute("alter table t alter id type bigint");
            ConnectorException failure = failureOf(runs);
            assertThat(failure.error().code(), is("cursor_changed"));
            assertThat(
                    failure.getMessage(),
                    containsString(
                            "stream 't': the cursor has changed since the last run: it was 'id' of type int4, and is"
                                    + " 'id' of type int8 now"));
            assertThat(failure.error().hint(), containsString("reset the stream's state"));
        }
        source.execute("alter table t alter id type integer");
        refused(
                stream("t", "at", null).withPosition(position),
                "it was 'id' of type int4, and is 'at' of type timestamptz");
        refused(
                stream("t", "id", "at").withPosition(position),
                "the tie breaker has changed since the last run: it was none, and is 'at' of type timestamptz now");
        source.execute("create table other (id integer)");
        refused(stream("other", "id", null).withPosition(position), source.name() + ".t, and the stream is ");
    }

    private void refused(StreamSpec stream, String message) {
        try (SourceConnector connector = PostgresCopy.openSource(source.config())) {
            CheckResult.Check check = connector.check(List.of(stream)).checks().stream()
                    .filter(entry -> entry.name().startsWith("cursor of stream"))
                    .findFirst()
                    .orElseThrow();
            assertThat(check.ok(), is(false));
            assertThat(check.message(), containsString(message));
            assertThat(check.hint(), not(is("")));
            ConnectorException failure = assertThrows(ConnectorException.class, () -> connector.plan(stream));
            assertThat(failure.getMessage(), containsString(message));
        }
    }

    @Test
    void whatCannotBeReadIncrementallyIsRefused() {
        source.execute(
                "create table t (id integer, share double precision, tie integer, label text, ts timestamptz)",
                "insert into t values (1, 1, null, 'a', now()), (2, 1, null, 'b', now())");
        refused(stream("t", "idd", null), "cursor_field: " + source.name() + ".t has no column 'idd'");
        refused(stream("t", "id", "tei"), "tie_breaker_field: " + source.name() + ".t has no column 'tei'");
        refused(
                stream("t", "share", null),
                "cursor_field 'share' has the type double precision, which is none to go by");
        refused(stream("t", null, null), "needs a cursor_field");
        refused(stream("t", "id", "id"), "are the same column 'id'");
        refused(stream("t", "id", null).withPartitionKey("id"), "has no use for a partition_key");
        refused(
                stream("t", "id", null).withPosition("{\"id\":1}"),
                "not one that this version of source-postgres has written");
        try (IncrementalRuns runs = runs("t", "id", "tie")) {
            assertThat(failureOf(runs).error().code(), is("null_tie_breaker"));
        }
    }

    @Test
    void anOrderThatSaysTwoTextsAreOneIsRefused() {
        try {
            source.execute(
                    "create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
        } catch (IllegalStateException noIcu) {
            assertThat(noIcu.getMessage(), containsString("ICU"));
            return;
        }
        source.execute("create table t (label text collate loose)");
        refused(stream("t", "label", null), "has the nondeterministic collation");
    }

    @Test
    void aCursorOfManyEqualValuesNeedsATieBreaker() {
        source.execute("create table t (id bigint primary key, at timestamptz, note text)");
        insert("t", "n, timestamptz '2024-01-01Z'", "1", "10001");
        try (IncrementalRuns runs = runs("t", "at", null)) {
            ConnectorException failure = failureOf(runs);
            assertThat(failure.error().code(), is("too_many_equal_cursors"));
            assertThat(failure.error().hint(), containsString("tie_breaker_field, for example to 'id'"));
        }
        source.execute("delete from t where id = 1");
        try (IncrementalRuns runs = runs("t", "at", null)) {
            runs.run();
            insert("t", "n, timestamptz '2024-01-01Z'", "1", "1");
            source.execute("delete from t where id = 2");
            assertThat(runs.finish(runs.plan()), is(1L));
        }
        try (TestSchema apart = PostgresServer.shared().newSchema();
                IncrementalRuns runs = new IncrementalRuns(source, apart, stream("t", "at", "id"))) {
            runs.run();
            insert("t", "n, timestamptz '2024-01-01Z'", "20000", "20001");
            runs.run();
            assertThat(differences(source, "t", apart, "t"), empty());
        }
    }

    @Test
    void aTableThatIsWrittenAnewUnderARunEndsIt() {
        source.execute(
                "create table t (id integer, note text) partition by range (id)",
                "create table low partition of t for values from (0) to (1000)",
                "create view seen as table t");
        insert("t", "n", "1", "10");
        for (String table : List.of("t", "seen")) {
            try (IncrementalRuns runs = runs(table, "id", null)) {
                StreamPlan plan = runs.plan();
                source.execute("truncate low");
                insert("t", "n", "1", "10");
                ConnectorException failure = assertThrows(ConnectorException.class, () -> runs.finish(plan));
                assertThat(failure.error().code(), is("table_rewritten"));
                assertThat(runs.position(), is(nullValue()));
            }
        }
    }

    @Test
    void aCursorThatTheUserMayNotReadIsToldByTheCheck() {
        source.execute("create table t (at date, note text)");
        source.executeAsSuperuser(
                "create role note_reader login password 'opensesame' nosuperuser",
                "grant usage on schema " + source.quoted() + " to note_reader",
                "grant select (note) on t to note_reader");
        try (SourceConnector connector = PostgresCopy.openSource(source.config("note_reader", "opensesame"))) {
            StreamSpec notes = stream("t", "at", null).withColumns(List.of("note"));
            CheckResult.Check check = connector.check(List.of(notes)).checks().stream()
                    .filter(entry -> !entry.ok())
                    .findFirst()
                    .orElseThrow();
            assertThat(check.message(), containsString("may not read 1 of the columns of " + source.name() + ".t: at"));
            assertThat(check.hint(), containsString("GRANT SELECT"));
        } finally {
            source.executeAsSuperuser("drop owned by note_reader", "drop role note_reader");
        }
    }

    @Test
    void aCheckTellsWhatIsReadAndWhatIsNot() {
        source.execute("create table t (at timestamptz, id bigint, note text)");
        insert("t", "case when n % 4 = 0 then null else now() end, n", "1", "100");
        source.execute("analyze t");
        try (SourceConnector connector = PostgresCopy.openSource(source.config())) {
            CheckResult result = connector.check(List.of(stream("t", "at", "id")));
            assertThat(result.ok(), is(true));
            assertThat(
                    result.checks().get(result.checks().size() - 1).message(),
                    is(source.name()
                            + ".t can be read incrementally by 'at' (timestamptz), then 'id' (int8); rows whose"
                            + " cursor is null or infinite are never read (25.0 % of the rows have none, by the server's statistics);"
                            + " no index begins with the cursor, and so each run reads the whole table; no unique index covers the"
                            + " key, and so the rows at its greatest value are told apart by all their values"));
        }
    }
}
