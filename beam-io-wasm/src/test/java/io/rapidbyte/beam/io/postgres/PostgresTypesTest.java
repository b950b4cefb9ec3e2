// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.beam.io.postgres.PostgresCopy.Runner;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.WriteMode;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What leaves Postgres arrives in Postgres: values, nulls and column types, compared in SQL column by column. */
class PostgresTypesTest {
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

    /** Every column type the connectors move natively, each with the values at its edges, in the midst of nulls. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "boolean; (true), (false), (NULL)",
                "smallint; (-32768), (32767), (0), (NULL)",
                "integer; (-2147483648), (2147483647), (0), (NULL)",
                "bigint; (-9223372036854775808), (9223372036854775807), (0), (NULL)",
                "real; ('NaN'), ('Infinity'), ('-Infinity'), ('-0'), (1.17549435e-38), (3.4028235e38), (1e-45), (0.1), (NULL)",
                "double precision; ('NaN'), ('Infinity'), ('-Infinity'), ('-0'), (2.2250738585072014e-308),"
                        + " (1.7976931348623157e308), (5e-324), (0.1), (NULL)",
                "numeric; ('NaN'), ('Infinity'), ('-Infinity'), (0), (0.00), (-0.000001), (1.500), (1e100), (-1e-100), (10000), (9999.9999),"
                        + " (123456789012345678901234567890.123456789012345678901234567890), (NULL)",
                "numeric(10,2); ('NaN'), (0), (99999999.99), (-99999999.99), (0.01), (-0.01), (100), (NULL)",
                "numeric(38,0); (99999999999999999999999999999999999999), (-99999999999999999999999999999999999999), (1), (NULL)",
                "numeric(38,38); (0.99999999999999999999999999999999999999), (-0.00000000000000000000000000000000000001), (NULL)",
                "numeric(39,3); (999999999999999999999999999999999999.999), (-999999999999999999999999999999999999.999), ('NaN'), (0)",
                "numeric(76,20); (99999999999999999999999999999999999999999999999999999999.99999999999999999999), (-1), ('NaN'), (NULL)",
                "numeric(100,50); (12345678901234567890123456789012345678901234567890.12345), ('NaN'), (-0.5), (NULL)",
                "numeric(3,-2); (12300), (-99900), (0), (100), ('NaN'), (NULL)",
                "numeric(2,5); (0.00099), (-0.00001), (0), (NULL)",
                "text; (''), ('a'), (NULL), ('null'), ('NULL'), ('\\N'), (E'tab\\tnewline\\nreturn\\rback\\\\slash'), ('it''s \"quoted\"'),"
                        + " (U&'\\200B\\200D\\FEFF zero width'), ('𝄞 😀 𠜎'), ('e' || U&'\\0301'), (repeat('x', 1048576)), (repeat('😀', 262144))",
                "character varying; (''), ('Grüße'), (NULL), (repeat('y', 70000))",
                "character varying(40); (''), ('  both ends  '), ('𝄞𝄞𝄞'), (NULL)",
                "character(8); (''), ('a'), ('12345678'), ('ü 😀'), (NULL)",
                "character(1); (''), ('x'), (NULL)",
                "bytea; (''), ('\\x00'), ('\\x00ff5c27220a0d09'), (NULL), (decode(repeat('00ff', 524288), 'hex'))",
                "date; ('infinity'), ('-infinity'), ('4713-01-01 BC'), ('0001-12-31 BC'), ('0001-01-01'), ('1969-12-31'), ('1970-01-01'),"
                        + " ('1999-12-31'), ('2000-01-01'), ('2024-02-29'), ('9999-12-31'), ('5874897-12-31'), (NULL)",
                "time without time zone; ('00:00:00'), ('23:59:59.999999'), ('24:00:00'), ('12:34:56.000001'), (NULL)",
                "time(0) without time zone; ('00:00:00'), ('23:59:59'), (NULL)",
                "timestamp without time zone; ('infinity'), ('-infinity'), ('4713-01-01 00:00:00 BC'), ('0044-03-15 12:00:00 BC'),"
                        + " ('1969-12-31 23:59:59.999999'), ('1970-01-01'), ('2000-01-01'), ('1999-12-31 23:59:59.999999'),"
                        + " ('294276-12-31 23:59:59.999999'), ('294247-01-10 04:00:54.775807'), (NULL)",
                "timestamp(3) without time zone; ('2024-02-29 23:59:59.123'), (NULL)",
                "timestamp with time zone; ('infinity'), ('-infinity'), ('4713-01-01 00:00:00+00 BC'), ('1970-01-01 00:00:00+14'),"
                        + " ('2024-03-31 02:30:00 Europe/Berlin'), ('294276-12-31 23:59:59.999999+00'), (NULL)",
                "uuid; ('00000000-0000-0000-0000-000000000000'), ('ffffffff-ffff-ffff-ffff-ffffffffffff'),"
                        + " ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), (NULL)",
                "json; ('{\"b\":1,  \"a\" : [1,2,{\"x\":null}], \"b\":2}'), ('\"𝄞\"'), ('null'), (' [ ] '), (NULL)",
                "jsonb; ('{\"b\":1,  \"a\" : [1,2,{\"x\":null}], \"b\":2}'), ('\"𝄞\"'), ('null'), ('1e400'), (NULL)",
            })
    void edgeValuesArriveEqual(String type, String values) {
        arrivesEqual(type, values);
    }

    /** Types that the server turns into text, because their binary form is not known. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "tsquery; ('fat & (rat | !cat:A)'), (''), (NULL)",
                "regclass; ('pg_catalog.pg_class'), ('-'), ('4000000000'), (NULL)",
                "xml; ('<a b=\"c\">d</a>'), ('<?xml version=\"1.0\" encoding=\"UTF-8\"?><ä/>'), ('plain text'), (''), (NULL)",
                "regtype[]; ('{integer,\"char\"}'), (NULL)",
                "pg_snapshot; ('10:20:10,14,15'), (NULL)",
                "aclitem[]; ('{=r/postgres}'), (NULL)",
            })
    void otherTypesArriveThroughTheirTextForm(String type, String values) {
        arrivesEqual(type, values);
    }

    /** Values that are in the midst of others, and several times, in a batch where another column holds text and in one where none does. */
    private void arrivesEqual(String type, String values) {
        source.execute(
                "CREATE TABLE edges (v " + type + ")",
                "INSERT INTO edges VALUES " + values,
                "CREATE TABLE t (before integer, v " + type + ", after text, n numeric(5,1))",
                "INSERT INTO t SELECT n, v, 'after', n FROM edges, generate_series(1, 3) n",
                "INSERT INTO t VALUES (NULL, NULL, NULL, 'NaN')",
                "INSERT INTO t SELECT n, v, NULL, NULL FROM generate_series(1, 2) n, edges");
        copy(Runner.DIRECT, "t");
        assertThat(type, differences(source, "t", target, "t"), empty());
        target.execute("TRUNCATE t");
        copyByInsert("t");
        assertThat(type + ", by INSERT", differences(source, "t", target, "t"), empty());
    }

    @ParameterizedTest
    @EnumSource(Runner.class)
    void shapesThatTablesCanHaveArriveEqual(Runner runner) {
        String columns = IntStream.range(0, 250)
                .mapToObj(i -> "c" + i + " "
                        + new String[] {"integer", "text", "numeric(12,3)", "timestamptz", "boolean"}[i % 5])
                .collect(Collectors.joining(", "));
        String values = IntStream.range(0, 250)
                .mapToObj(i -> new String[] {
                            "g * " + i,
                            "'v' || g",
                            "g / 7.0",
                            "'2020-01-01Z'::timestamptz + g * interval '1 hour'",
                            "g % 2 = 0"
                        }
                        [i % 5])
                .collect(Collectors.joining(", "));
        source.execute(
                "CREATE TABLE wide (" + columns + ")",
                "INSERT INTO wide SELECT " + values + " FROM generate_series(1, 300) g",
                "CREATE TABLE no_rows (a integer NOT NULL, b text)",
                "CREATE TABLE no_columns ()",
                "INSERT INTO no_columns SELECT FROM generate_series(1, 5)",
                "CREATE TABLE only_nulls (a integer, b text, c numeric(5,1), d timestamptz, e uuid, f jsonb, g boolean)",
                "INSERT INTO only_nulls SELECT FROM generate_series(1, 1000)",
                "CREATE TABLE no_key (a integer, b text)",
                "INSERT INTO no_key SELECT 1, 'same' FROM generate_series(1, 100)",
                "CREATE TABLE with_key (id bigint PRIMARY KEY, b text NOT NULL)",
                "INSERT INTO with_key SELECT g, repeat(md5(g::text), 3) FROM generate_series(1, 50000) g",
                "CREATE TABLE toasted (id integer, big text)",
                "ALTER TABLE toasted ALTER big SET STORAGE EXTERNAL",
                "INSERT INTO toasted SELECT g, repeat('big', 400000) FROM generate_series(1, 12) g",
                "CREATE TABLE \"Select * from; \"\"drop\"\"\" (\"Ünï cödé 😀\" integer, \"a\"\"b\" text, \"order\" integer, \"UPPER.dot\" integer)",
                "INSERT INTO \"Select * from; \"\"drop\"\"\" SELECT g, 'x', g, g FROM generate_series(1, 10) g");
        String[] tables = {
            "wide", "no_rows", "no_columns", "only_nulls", "no_key", "with_key", "toasted", "Select * from; \"drop\""
        };
        String[] streams = tables.clone();
        streams[7] = "\"Select * from; \"\"drop\"\"\"";
        PostgresCopy.copy(runner, source, target, WriteMode.APPEND, streams);
        for (String table : tables) {
            assertThat(runner + ", table " + table, differences(source, table, target, table), empty());
            target.execute("TRUNCATE " + TestSchema.quote(table));
        }
        copyByInsert(streams);
        for (String table : tables) {
            assertThat("by INSERT, table " + table, differences(source, table, target, table), empty());
        }
    }

    @Test
    void rowsThatWereUpdatedAndDeletedAreReadAsTheyAre() {
        source.execute(
                "CREATE TABLE t (id integer, v text)",
                "INSERT INTO t SELECT g, repeat('x', 200) FROM generate_series(1, 30000) g",
                "DELETE FROM t WHERE id % 3 = 0",
                "UPDATE t SET v = 'new' WHERE id % 2 = 0",
                "VACUUM t",
                "INSERT INTO t SELECT -g, 'refill' FROM generate_series(1, 1000) g",
                "CREATE TABLE only_dead (id integer)",
                "INSERT INTO only_dead SELECT FROM generate_series(1, 100000)",
                "DELETE FROM only_dead");
        copy(Runner.DIRECT, "t", "only_dead");
        assertThat(differences(source, "t", target, "t"), empty());
        assertThat(differences(source, "only_dead", target, "only_dead"), empty());
    }

    /** Relation statistics that were never taken, or are long out of date, must not cut a table short. */
    @Test
    void aTableWithoutStatisticsIsReadWhole() {
        source.execute(
                "CREATE TABLE t (id integer, v text)",
                "ANALYZE t",
                "INSERT INTO t SELECT g, repeat('x', 500) FROM generate_series(1, 20000) g");
        copy(Runner.DIRECT, "t");
        assertThat(differences(source, "t", target, "t"), empty());
    }

    @Test
    void viewsPartitionsAndInheritedRowsAreReadAsASelectWould() {
        source.execute(
                "CREATE TABLE parent (id integer, v text)",
                "CREATE TABLE child (extra integer) INHERITS (parent)",
                "INSERT INTO parent SELECT g, 'p' FROM generate_series(1, 10) g",
                "INSERT INTO child SELECT g, 'c', g FROM generate_series(1, 10) g",
                "CREATE TABLE parts (id integer, v text) PARTITION BY RANGE (id)",
                "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100)",
                "CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (100) TO (1000)",
                "INSERT INTO parts SELECT g, 'p' FROM generate_series(1, 500) g",
                "CREATE VIEW seen AS SELECT id * 2 AS twice, v FROM parent",
                "CREATE MATERIALIZED VIEW kept AS SELECT id, v FROM parts");
        copy(Runner.DIRECT, "parent", "parts", "seen", "kept");
        for (String relation : new String[] {"parent", "parts", "seen", "kept"}) {
            assertThat(relation, differences(source, relation, target, relation), empty());
        }
    }

    /** Whoever may see a part of the rows only must not take that part for the table. */
    @Test
    void aTableThatIsFilteredByRowSecurityIsRefused() {
        source.execute(
                "CREATE TABLE t (a integer)",
                "INSERT INTO t VALUES (1), (2)",
                "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
                "ALTER TABLE t FORCE ROW LEVEL SECURITY",
                "CREATE POLICY visible ON t USING (a > 1)");
        RuntimeException failure = assertThrows(RuntimeException.class, () -> copy(Runner.DIRECT, "t"));
        assertThat(failure.getMessage(), containsString("row-level security"));
        assertThat(target.relations(), empty());
    }

    @Test
    void aSchemaWhoseNameNeedsQuotingWorksOnBothSides() {
        try (TestSchema odd = PostgresServer.shared().newSchema("Ünï \"q\" '1';--");
                TestSchema other = PostgresServer.shared().newSchema("tab\there")) {
            odd.execute("CREATE TABLE t (a integer)", "INSERT INTO t VALUES (1), (2)");
            PostgresCopy.copy(Runner.DIRECT, odd, other, WriteMode.APPEND, "t");
            assertThat(differences(odd, "t", other, "t"), empty());
        }
    }

    @Test
    void aStreamMayNameItsSchema() {
        source.execute("CREATE TABLE t (a integer)", "INSERT INTO t VALUES (1), (2)");
        TestSchema elsewhere = PostgresServer.shared().newSchema();
        try (elsewhere) {
            PostgresCopy.copy(Runner.DIRECT, elsewhere, target, WriteMode.APPEND, source.name() + ".t");
            assertThat(differences(source, "t", target, "t"), empty());
        }
    }

    @Test
    void appendAddsAndReplaceReplaces() {
        source.execute("CREATE TABLE t (a integer)", "INSERT INTO t SELECT g FROM generate_series(1, 5000) g");
        copy(Runner.DIRECT, "t");
        copy(Runner.DIRECT, "t");
        assertThat(target.value("SELECT count(*) FROM t"), equalTo("10000"));
        PostgresCopy.copy(Runner.DIRECT, source, target, WriteMode.REPLACE, "t");
        assertThat(differences(source, "t", target, "t"), empty());
        assertThat("no side table stays behind", target.relations(), equalTo(java.util.List.of("t")));
    }

    @ParameterizedTest
    @EnumSource(Runner.class)
    void replaceOfATableThatIsNowEmptyLeavesItEmpty(Runner runner) {
        source.execute("CREATE TABLE t (a integer)");
        target.execute("CREATE TABLE t (a integer)", "INSERT INTO t VALUES (1)");
        PostgresCopy.copy(runner, source, target, WriteMode.REPLACE, "t");
        assertThat(differences(source, "t", target, "t"), empty());
    }

    private void copyByInsert(String... streams) {
        Map<String, Object> config = new HashMap<>(target.config());
        config.put("load_method", "insert");
        PostgresCopy.copyTo(Runner.DIRECT, source, config, WriteMode.APPEND, streams);
    }

    private void copy(Runner runner, String... streams) {
        PostgresCopy.copy(runner, source, target, WriteMode.APPEND, streams);
    }
}
