// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.beam.io.postgres.PostgresCopy.Runner;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.WriteMode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Types of one name that are not the same on both sides: no value is changed for the sake of a name. */
class PostgresTypeDifferencesTest {
    /** What the tests call the one type that differs. */
    private static final String KIND = "kind";

    private TestSchema source;

    /** A schema of the same name on another server, which therefore has types of its own under the names of the source's. */
    private TestSchema target;

    @BeforeEach
    void createSchemas() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.oldest().newSchema(source.name());
    }

    @AfterEach
    void dropSchemas() {
        target.close();
        source.close();
    }

    /** Postgres would round, cut off or pad what it is given, and say nothing. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "TYPE kind AS (a numeric(10,4)) | TYPE kind AS (a numeric(10,2)) | kind | ROW(1.2345)"
                        + " | c.a is numeric(10,4) in the stream and numeric(10,2)",
                "TYPE kind AS (a numeric) | TYPE kind AS (a numeric(10,2)) | kind | ROW(1.2345)"
                        + " | c.a is numeric in the stream and numeric(10,2)",
                // The text form of a value is rounded, too.
                "TYPE kind AS (a numeric(10,4), b numeric(5,1)) | TYPE kind AS (a numeric(10,2), b numeric(5,1)) | kind | ROW(1.2345, 'NaN')"
                        + " | c.a is numeric(10,4) in the stream and numeric(10,2)",
                "TYPE kind AS (a text, b timestamp(6)) | TYPE kind AS (a text, b timestamp(0)) | kind | ROW('', '2024-01-01 00:00:00.9')"
                        + " | c.b is timestamp(6) without time zone in the stream and timestamp(0) without time zone",
                "TYPE kind AS (a time) | TYPE kind AS (a time(3)) | kind[] | ARRAY[ROW('00:00:00.1234')::kind]"
                        + " | c[].a is time without time zone in the stream and time(3) without time zone",
                "TYPE kind AS (a varchar(40)) | TYPE kind AS (a varchar(10)) | kind | ROW('a                    ')"
                        + " | c.a is character varying(40) in the stream and character varying(10)",
                "TYPE kind AS (a text) | TYPE kind AS (a varchar(10)) | kind | ROW('a                    ')"
                        + " | c.a is text in the stream and character varying(10)",
                "TYPE kind AS (a char(2)) | TYPE kind AS (a char(4)) | kind | ROW('a')"
                        + " | c.a is character(2) in the stream and character(4)",
                "TYPE kind AS (a bit varying(8)) | TYPE kind AS (a bit varying(4)) | kind | ROW('10101010')"
                        + " | c.a is bit varying(8) in the stream and bit varying(4)",
                "TYPE kind AS (a interval) | TYPE kind AS (a interval day) | kind | ROW('1 day 3:00')"
                        + " | c.a is interval in the stream and interval day",
                "TYPE kind AS (a numeric(10,4)[]) | TYPE kind AS (a numeric(10,2)[]) | kind | ROW('{1.2345}')"
                        + " | c.a[] is numeric(10,4) in the stream and numeric(10,2)",
                "DOMAIN kind AS numeric(10,4) | DOMAIN kind AS numeric(10,2) | kind | 1.2345"
                        + " | c is numeric(10,4) in the stream and numeric(10,2)",
                "DOMAIN kind AS numeric(10,4) | DOMAIN kind AS numeric(10,2) | kind[] | '{1.2345}'"
                        + " | c[] is numeric(10,4) in the stream and numeric(10,2)",
                "DOMAIN kind AS timestamp(3) | DOMAIN kind AS timestamp(2) | kind | '2024-01-01 00:00:00.789'"
                        + " | c is timestamp(3) without time zone in the stream and timestamp(2) without time zone",
                // With `xml` in it, all values travel as the server's text.
                "TYPE kind AS (x xml, a numeric(10,4)) | TYPE kind AS (x xml, a numeric(10,2)) | kind | ROW('<a/>', 1.2345)"
                        + " | c.a is numeric(10,4) in the stream and numeric(10,2)",
                // In their text form attributes are told apart by their place.
                "TYPE kind AS (a integer, b integer) | TYPE kind AS (b integer, a integer) | kind | ROW(1, 2)"
                        + " | c has the attributes a, b in the stream and b, a",
                "TYPE kind AS (a integer, b integer) | TYPE kind AS (a integer) | kind | ROW(1, 2)"
                        + " | c has the attributes a, b in the stream and a at the destination",
                "TYPE kind AS (a timestamptz, x xml) | TYPE kind AS (a timestamp, x xml) | kind | ROW('2024-01-01 00:00+05', '<a/>')"
                        + " | c.a is timestamp with time zone in the stream and timestamp without time zone",
            })
    void whatTheDestinationWouldChangeIsRefused(
            String inSource, String inTarget, String column, String value, String message) {
        source.execute("CREATE " + inSource);
        target.execute("CREATE " + inTarget);
        assertRefused(column, value, message);
    }

    @ParameterizedTest
    @EnumSource(
            value = WriteMode.class,
            names = {"APPEND", "REPLACE"})
    void typesInsideOfOneAnotherAreFollowed(WriteMode mode) {
        String rest = "CREATE TYPE inner_kind AS (k kind); CREATE TYPE outer_kind AS (n integer, i inner_kind[]);"
                + " CREATE DOMAIN far_kind AS outer_kind; CREATE TYPE kinds AS RANGE (SUBTYPE = kind)";
        source.execute(
                "CREATE DOMAIN kind AS numeric(10,4)",
                rest,
                "CREATE TABLE t (c far_kind)",
                "CREATE TABLE r (c kinds)",
                "INSERT INTO t VALUES (ROW(1, ARRAY[ROW(1.2345)::inner_kind])::far_kind)",
                "INSERT INTO r VALUES ('[1.2345,2.3456]')");
        target.execute("CREATE DOMAIN kind AS numeric(10,2)", rest);
        assertThat(
                refused(mode, "t"),
                containsString("c.i[].k is numeric(10,4) in the stream and numeric(10,2) at the destination"));
        assertThat(
                refused(mode, "r"),
                containsString("c.lower is numeric(10,4) in the stream and numeric(10,2) at the destination"));
        assertThat(target.relations(), empty());
    }

    @Test
    void aTableThatExistsIsNoWayAroundIt() {
        source.execute(
                "CREATE TYPE kind AS (a numeric(10,4))",
                "CREATE TABLE t (c kind)",
                "INSERT INTO t VALUES (ROW(1.2345))");
        target.execute("CREATE TYPE kind AS (a numeric(10,2))", "CREATE TABLE t (c kind)");
        assertThat(
                refused(WriteMode.APPEND, "t"),
                containsString("c.a is numeric(10,4) in the stream and numeric(10,2) at the destination"));
        assertThat(target.query("SELECT * FROM t"), empty());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "TYPE kind AS (a numeric(10,4), b numeric(10)) | TYPE kind AS (a numeric(12,4), b numeric) | kind | ROW(1.2345, 7)",
                "TYPE kind AS (a numeric(10,4)) | DOMAIN num AS numeric(10,4); CREATE TYPE kind AS (a num) | kind | ROW(1.2345)",
                "TYPE kind AS (a varchar(4), b char(3), c bit varying(3)) | TYPE kind AS (a varchar(5), b char(3), c bit varying)"
                        + " | kind | ROW('a   ', 'b', '101')",
                "TYPE kind AS (a timestamp(3), b time) | TYPE kind AS (a timestamp, b time(6)) | kind[]"
                        + " | ARRAY[ROW('2024-01-01 00:00:00.123', '24:00')::kind]",
                "DOMAIN kind AS numeric(10,2) CHECK (VALUE > 0) | DOMAIN kind AS numeric(10,2) | kind | 1.25",
                "DOMAIN kind AS numeric(10,2) | DOMAIN kind AS numeric | kind | 'NaN'",
                "TYPE kind AS (a integer) | TYPE kind AS (a bigint) | kind | ROW(5)",
                "TYPE kind AS (x xml, a numeric(10,2)) | TYPE kind AS (x xml, a numeric(10,2)) | kind | ROW('<a/>', 1.25)",
                "TYPE kind AS ENUM ('a', 'b') | TYPE kind AS ENUM ('c', 'b', 'a') | kind[] | '{a,b}'",
                "TYPE kind AS ENUM ('a', 'b') | DOMAIN kind AS text | kind | 'a'",
            })
    void whatHoldsEveryValueIsTaken(String inSource, String inTarget, String column, String value) {
        source.execute("CREATE " + inSource);
        target.execute("CREATE " + inTarget);
        create(column, value);
        copy(WriteMode.APPEND, "t");
        assertThat(target.query("SELECT c::text FROM t"), contains(source.value("SELECT c::text FROM t")));
        // A second run finds the table.
        copy(WriteMode.APPEND, "t");
        assertThat(target.query("SELECT DISTINCT c::text FROM t"), contains(source.value("SELECT c::text FROM t")));
    }

    /** One value that Arrow does not have makes a batch hold text; what the column becomes is not up to whether it comes first. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "TYPE kind AS RANGE (SUBTYPE = time) | kind | '[08:00,09:00)' | '[09:00,24:00]' | jsonb",
                "TYPE kind AS (a numeric(8,2)) | kind | ROW(1.5)::kind | ROW('NaN')::kind | jsonb",
                "TYPE kind AS (a numeric(8,2)) | kind[] | ARRAY[ROW(1.5)::kind] | ARRAY[ROW('NaN')::kind] | jsonb",
                "DOMAIN kind AS numeric(8,2) | kind | 1.5 | 'NaN' | numeric(8,2)",
                "DOMAIN kind AS uuid[] | kind | '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}' | '[0:0]={a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}' | uuid[]",
                "DOMAIN kind AS time | kind | '09:00' | '24:00' | time without time zone",
                // The server of the destination knows no multiranges.
                "DOMAIN kind AS integer | tsmultirange | '{[2024-01-01,2024-01-02]}' | '{[2024-01-01,294276-12-31 23:59:59]}' | jsonb",
            })
    void theFirstBatchDoesNotDecideWhatAMissingTypeBecomes(
            String type, String column, String usual, String unusual, String becomes) {
        source.execute(
                "CREATE " + type,
                "CREATE TABLE t (id integer, c " + column + ", filler text)",
                "INSERT INTO t SELECT g, " + usual + ", repeat(md5(g::text), 30) FROM generate_series(2, 12000) g",
                "INSERT INTO t VALUES (1, " + unusual + ", '')",
                // A view is read as one unit, in its order.
                "CREATE VIEW first AS SELECT * FROM t ORDER BY id",
                "CREATE VIEW last AS SELECT * FROM t ORDER BY id DESC");
        for (String view : new String[] {"first", "last"}) {
            copy(WriteMode.APPEND, view);
            assertThat(
                    view,
                    target.query(
                            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attname = 'c' AND attrelid = '"
                                    + view + "'::regclass"),
                    contains(becomes));
            assertThat(target.value("SELECT count(c) FROM " + view), equalTo("12000"));
        }
    }

    @Test
    void textOfAnArrayKeepsItsValueWhereTheDomainIsMissing() {
        source.execute("CREATE DOMAIN kind AS integer[]");
        create(KIND, "'[2:3]={1,2}'");
        copy(WriteMode.APPEND, "t");
        assertThat(target.query("SELECT pg_typeof(c)::text, c::text FROM t"), contains("integer[]|[2:3]={1,2}"));
    }

    private void assertRefused(String column, String value, String message) {
        create(column, value);
        String error = refused(WriteMode.APPEND, "t");
        assertThat(
                error,
                allOf(
                        containsString("stream 't': column 'c'"),
                        containsString(source.name()),
                        containsString(message),
                        containsString("at the destination"),
                        containsString("ALTER")));
        assertThat(
                target.query("SELECT 1 FROM pg_class WHERE relname = 't' AND relnamespace = '" + target.name()
                        + "'::regnamespace"),
                empty());
    }

    private void create(String column, String value) {
        source.execute("CREATE TABLE t (c " + column + ")", "INSERT INTO t VALUES (" + value + ")");
    }

    private String refused(WriteMode mode, String table) {
        return assertThrows(RuntimeException.class, () -> copy(mode, table)).getMessage();
    }

    private void copy(WriteMode mode, String table) {
        PostgresCopy.copy(Runner.DIRECT, source, target, mode, table);
    }
}
