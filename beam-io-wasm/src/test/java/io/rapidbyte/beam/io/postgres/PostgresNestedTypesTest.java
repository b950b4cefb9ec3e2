// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;

import io.rapidbyte.beam.io.postgres.PostgresCopy.Runner;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.WriteMode;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Types that consist of others, and the rarer ones of the server: what leaves Postgres arrives in Postgres. */
class PostgresNestedTypesTest {
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

    /** Arrow has a type that is as good as theirs, or their text is made from their binary form. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "interval; ('1 year 2 mons 3 days 04:05:06.789'), ('-178000000 years'), ('178000000 years 11 mons'), ('00:00:00'),"
                        + " ('-00:00:00.000001'), ('1 mon -1 day'), ('2562047788:00:54.775807'), ('-2562047788:00:54.775807'),"
                        + " ('2562047:47:16.854775'), ('infinity'), ('-infinity'), ('-1 years -2 mons +3 days -04:05:06.000007'), (NULL)",
                "interval(3); ('00:00:01.123'), (NULL)",
                "interval day to second(0); ('1 day 02:03:04'), (NULL)",
                "time with time zone; ('12:00:00+14'), ('00:00:00-15:59:59'), ('24:00:00-12:30:15'), ('23:59:59.999999+00'), (NULL)",
                "money; ('-12.34'), ('92233720368547758.07'), ('-92233720368547758.08'), ('0'), (NULL)",
                "inet; ('192.168.0.1/24'), ('10.1.2.3'), ('0.0.0.0/0'), ('::1'), ('::'), ('fe80::1:2:3/64'), ('::ffff:1.2.3.4/128'),"
                        + " ('::1.2.3.4'), ('2001:db8:0:0:1:0:0:1/127'), (NULL)",
                "cidr; ('10.0.0.0/8'), ('0.0.0.0/0'), ('2001:db8::/32'), ('1.2.3.4/32'), ('::/0'), (NULL)",
                "macaddr; ('08:00:2b:01:02:03'), ('ff:ff:ff:ff:ff:ff'), (NULL)",
                "macaddr8; ('08:00:2b:01:02:03:04:05'), (NULL)",
                "bit(1); ('1'), ('0'), (NULL)",
                "bit(5); ('10101'), (NULL)",
                "bit(64); (repeat('10', 32)::bit(64)), (NULL)",
                "bit varying; ('101'), (''), (repeat('110', 3333)::bit varying), (NULL)",
                "bit varying(9); ('101'), (''), ('111111111'), (NULL)",
                "point; ('(1.5,-2)'), ('(NaN,Infinity)'), ('(1e300,-0)'), (NULL)",
                "line; ('{1,-2.5,3}'), (NULL)",
                "lseg; ('[(1,2),(3,4)]'), (NULL)",
                "box; ('(3,4),(1,2)'), (NULL)",
                "circle; ('<(1,2),3.25>'), (NULL)",
                "path; ('((1,2),(3,4),(5,6))'), ('[(1,2),(3,4)]'), ('[(0.1,0.2)]'), (NULL)",
                "polygon; ('((1,2),(3,4),(5,6))'), ('((0,0))'), (NULL)",
                "oid; ('4294967295'), (0), (NULL)",
                "xid; ('4294967295'), (NULL)",
                "cid; ('7'), (NULL)",
                "xid8; ('18446744073709551615'), (NULL)",
                "pg_lsn; ('16/B374D848'), ('0/0'), ('FFFFFFFF/FFFFFFFF'), (NULL)",
                "tid; ('(0,1)'), ('(4294967295,65535)'), (NULL)",
                "name; ('pg_class'), (''), (NULL)",
                "\"char\"; ('a'), (''), ('\\'), ('\\377'), (' '), (NULL)",
                "int2vector; ('1 2 3'), (''), ('-32768'), (NULL)",
                "oidvector; ('1 2 4294967295'), (''), (NULL)",
                "jsonpath; ('$.a[*] ? (@ > 1)'), ('strict $'), (NULL)",
                "tsvector; ('a:1 fat:2A cat:3,16383C'), (''), ('''it''''s'' \\\\ ''a b'':4B'), ('Ünï:1'), (NULL)",
            })
    void rarerTypesArriveEqual(String type, String values) {
        arrivesEqual(type, values);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "integer[]# ('{}'), ('{1,NULL,3}'), ('{NULL}'), (NULL), (array_fill(7, ARRAY[5000]))",
                "integer[]# ('[2:3][0:1]={{1,2},{3,4}}'), ('{1}'), (NULL)",
                "integer[]# ('[-2:0]={1,NULL,3}'), ('{{1,2},{3,NULL}}'), ('{}'), ('{{{{{{1}}}}}}')",
                "integer[][]# ('{{1,2},{3,NULL}}'), ('{}'), (NULL), ('{{1}}')",
                "text[][][]# ('{{{a,b},{c,NULL}},{{\"\",\"}\"},{\"NULL\",\",\"}}}'), ('{}'), ('{plain}')",
                "text[]# ('{}'), ('{\"a b\",\"c\\\"d\",NULL,\"NULL\",\"\",\"back\\\\slash\",𝄞}'), (NULL), ('[0:1]={\"x\\\"y\",\"\"}')",
                "character varying(3)[]# ('{abc,\"  \"}'), (NULL)",
                "character(4)[]# ('{a,abcd}'), (NULL)",
                "boolean[]# ('{t,f,NULL}'), ('[0:0]={t}')",
                "smallint[]# ('{-32768,32767}'), ('[5:5]={1}')",
                "bigint[]# ('{-9223372036854775808,9223372036854775807}'), ('[5:5]={1}')",
                "real[]# ('{NaN,-0,1e-45,Infinity,0.1}'), ('[5:6]={0.1,-Infinity}')",
                "double precision[]# ('{NaN,-0,5e-324,1.7976931348623157e308}'), ('[5:7]={0.1,-Infinity,1e300}')",
                "numeric[]# ('{NaN,0.00,-1e50,Infinity}'), ('[5:6]={0.10,NaN}')",
                "numeric(10,2)[]# ('{1.50,NULL}'), ('{NaN}'), ('{-99999999.99}')",
                "numeric(40,3)[]# ('{1.500,NULL,-123456789012345678901234567890123456.789}')",
                "bytea[]# ('{\"\\\\x00ff\",\"\"}'), ('[5:5]={\"\\\\x0a\"}')",
                "date[]# ('{infinity,-infinity,2024-02-29,4713-01-01 BC}'), ('[5:6]={infinity,2024-01-01}')",
                "time[]# ('{00:00,23:59:59.999999}'), ('{24:00}'), ('[0:0]={12:00}')",
                "timestamp[]# ('{infinity,1999-12-31 23:59:59.999999}'), ('{294276-12-31 23:59:59.999999}'), ('[0:0]={-infinity}')",
                "timestamptz[]# ('{-infinity,2024-03-31 02:30:00+02}'), ('[0:0]={2024-03-31 02:30:00.5+02}')",
                "timetz[]# ('{12:00+02,NULL}'), ('{24:00:00-12:30:15}'), ('[0:0]={12:00:00.5-00:00:01}')",
                "interval[]# ('{1 day,-1 mon}'), ('{infinity}'), ('[0:1]={\"-1 years 2 mons -3 days\",00:00:00.25}')",
                "uuid[]# ('{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,NULL}'), ('[0:0]={a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}')",
                "json[]# ('{\"{\\\"a\\\": 1}\",null}'), ('[0:0]={\"[1, 2]\"}')",
                "jsonb[]# ('{\"{\\\"a\\\": 1}\",NULL}'), ('[0:0]={\"[1, 2]\"}')",
                "money[]# ('{1.25,-3}'), ('[0:1]={-0.05,92233720368547758.07}')",
                "inet[]# ('{10.0.0.1/8,::1}'), ('[0:0]={fe80::/10}')",
                "macaddr[]# ('{08:00:2b:01:02:03}'), ('[0:0]={08:00:2b:01:02:03}')",
                "bit(3)[]# ('{101,010}'), ('[0:0]={111}')",
                "oid[]# ('{4294967295}'), ('[0:0]={1}')",
                "point[]# ('{\"(1,2)\",NULL}'), ('[0:0]={\"(1,2)\"}')",
                "box[]# ('{(3,4),(1,2);(7,8),(5,6)}'), ('[0:1]={(3,4),(1,2);(7,8),(5,6)}')",
                "path[]# ('{\"[(1,2),(3,4)]\",\"((1,2))\"}'), ('[0:0]={\"[(1,2),(3,4)]\"}')",
                "polygon[]# ('{\"((1,2),(3,4))\"}'), ('[0:0]={\"((1,2),(3,4))\"}')",
                "circle[]# ('{\"<(1,2),3>\"}'), ('[0:0]={\"<(1,2),3>\"}')",
                "line[]# ('{\"{1,2,3}\"}'), ('[0:0]={\"{1,2,3}\"}')",
                "lseg[]# ('{\"[(1,2),(3,4)]\"}'), ('[0:0]={\"[(1,2),(3,4)]\"}')",
                "tsvector[]# ('{\"''a'':1A\"}'), ('[0:0]={\"''it''''s'':2\"}')",
                "xml[]# ('{<a/>,NULL}'), ('[0:0]={<b/>}')",
                "\"char\"[]# ('{a,\"\"}'), ('[0:0]={b}')",
                "int4range[]# ('{\"[1,5)\",empty,\"(,)\",NULL}'), ('[0:1]={\"[1,5)\",empty}')",
                "tstzmultirange[]# ('{\"{[2024-01-01,2024-01-02)}\",\"{}\"}'), ('[0:0]={\"{[2024-01-01,)}\"}')",
                "int2vector[]# ('{\"1 2\",\"3\"}')",
                "jsonb[][]# ('{{\"1\",\"2\"},{\"[3]\",NULL}}'), ('{}'), ('{\"{}\"}'), (NULL)",
                "json[][]# ('{{\"1\",\" 2\"}}'), (NULL)",
                "jsonpath[][]# ('{{\"$.a\"},{\"$.b\"}}'), (NULL)",
                "jsonpath[]# ('{\"$.a\"}'), ('[0:0]={\"$.\\\"a b\\\"\"}')",
            })
    void arraysArriveEqual(String type, String values) {
        arrivesEqual(type, values);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "int4range; ('[1,10)'), ('empty'), ('(,)'), ('[5,)'), ('(,5)'), (NULL)",
                "int8range; ('[-9223372036854775808,9223372036854775807)'), (NULL)",
                "numrange; ('[1.50,2.0]'), ('(NaN,NaN]'), ('(1,2)'), ('[-1e50,1e50]'), ('empty'), (NULL)",
                "tsrange; ('[2024-01-01,infinity]'), ('[2024-01-01,)'), ('[-infinity,2024-01-01)'),"
                        + " ('[2024-01-01,294276-12-31 23:59:59]'), (NULL)",
                "tstzrange; ('(2024-01-01 00:00+00,2024-06-01 12:00+02]'), (NULL)",
                "daterange; ('[2024-01-01,2024-02-01)'), ('[2024-01-01,infinity]'), ('empty'), (NULL)",
                "int4multirange; ('{[1,3),[5,7),[9,)}'), ('{}'), ('{(,)}'), (NULL)",
                "int8multirange; ('{[1,3)}'), (NULL)",
                "nummultirange; ('{[1,2),[3.5,)}'), ('{}'), (NULL)",
                "tsmultirange; ('{[2024-01-01,2024-01-02]}'), (NULL)",
                "tstzmultirange; ('{[2024-01-01 00:00+00,)}'), (NULL)",
                "datemultirange; ('{[2024-01-01,2024-02-01)}'), (NULL)",
            })
    void rangesArriveEqual(String type, String values) {
        arrivesEqual(type, values);
    }

    @Test
    void enumsDomainsAndCompositesKeepTheirType() {
        source.execute(
                "CREATE TYPE \"Mood, or so\" AS ENUM ('sad', 'it''s \"ok\"', '')",
                "CREATE DOMAIN positive AS integer CHECK (VALUE > 0)",
                "CREATE DOMAIN small AS positive CHECK (VALUE < 1000)",
                "CREATE DOMAIN amount AS numeric(8,2)",
                "CREATE DOMAIN smalls AS small[]",
                "CREATE TYPE pair AS (a integer, \"b, \"\"or\"\" so\" text)",
                "CREATE TYPE nothing AS ()",
                "CREATE TYPE deep AS (p pair, ps pair[], m \"Mood, or so\"[], s small, r int4range, n nothing, x amount)",
                "CREATE DOMAIN deep_domain AS deep",
                "CREATE TYPE float_range AS RANGE (SUBTYPE = float8, MULTIRANGE_TYPE_NAME = float_ranges)",
                "CREATE TYPE text_range AS RANGE (SUBTYPE = text)",
                "CREATE TABLE t (id integer, m \"Mood, or so\", p positive, s small, c pair, ms \"Mood, or so\"[], ss smalls, pa positive[],"
                        + " n nothing, d deep, ds deep[], dd deep_domain, f float_range, fs float_ranges, tr text_range, x amount, cs pair[][])",
                "INSERT INTO t (id) VALUES (0)",
                "INSERT INTO t VALUES (1, 'sad', 1, 2, ROW(1, 'x, \"y\"'), '{sad,\"\"}', '{1,2,NULL}', '{3}', ROW(),"
                        + " ROW(ROW(1, 'a')::pair, ARRAY[ROW(2, 'b'), NULL, ROW(NULL, NULL)]::pair[], '{sad,NULL}', 5, '[1,2)', ROW(), 1.25),"
                        + " ARRAY[ROW(NULL, NULL, '{}', NULL, NULL, NULL, 'NaN')]::deep[],"
                        + " ROW(ROW(1, '')::pair, '{}', NULL, 7, 'empty', NULL, 2)::deep, '[1.5,NaN]', '{[1,2),(3,Infinity]}', '[a,\"b\"\"c\"]', 'NaN',"
                        + " ARRAY[[ROW(1, 'x'), NULL], [ROW(2, '\\'), ROW(3, '')]]::pair[])",
                "INSERT INTO t VALUES (2, '', 5, 999, ROW(NULL, ''), '{}', '{}', '{}', NULL, NULL, '{}', NULL, 'empty', '{}', '(,)', 1.50, '{}')",
                "INSERT INTO t SELECT g, 'sad', g, g % 999 + 1, ROW(g, repeat('x', g % 50))::pair, ARRAY['sad', '']::\"Mood, or so\"[],"
                        + " ARRAY[g % 999 + 1, 1]::smalls, ARRAY[g]::positive[], ROW()::nothing, NULL, NULL, NULL, float_range(g, g + 1), NULL, NULL, g / 4.0,"
                        + " ARRAY[[ROW(g, 'x')::pair]] FROM generate_series(3, 5000) g",
                // The server tells composites whose fields are null from null ones.
                "INSERT INTO t (id, c) VALUES (-1, ROW(NULL, NULL))");
        copy("t");
        assertThat(differences(source, "t", target, "t"), empty());
    }

    @Test
    void typesOfExtensionsArriveEqual() {
        source.executeAsSuperuser(
                "CREATE EXTENSION IF NOT EXISTS hstore SCHEMA public",
                "CREATE EXTENSION IF NOT EXISTS citext SCHEMA public");
        source.execute(
                "CREATE TABLE t (id integer, h public.hstore, hs public.hstore[], c public.citext, cs public.citext[])",
                "INSERT INTO t VALUES (1, 'a=>1, \"b \\\"c\"=>NULL, \"\"=>\"\"', '{\"\\\"a\\\"=>\\\"1\\\"\"}', 'GrÜn', '{A,b}'),"
                        + " (2, '', '{}', '', '[0:0]={x}'), (3, NULL, '[0:0]={\"a=>NULL\"}', NULL, NULL)");
        copy("t");
        assertThat(differences(source, "t", target, "t"), empty());
    }

    /** A database without the types takes what holds their values, and no value is lost. */
    @Test
    void typesThatTheDestinationDoesNotHaveBecomeWhatHoldsTheirValues() throws SQLException {
        source.execute(
                "CREATE TYPE mood AS ENUM ('sad', 'ok')",
                "CREATE DOMAIN amount AS numeric(8,2)",
                "CREATE TYPE pair AS (a integer, b text, at timestamptz, n numeric(30,2), r int4range)",
                "CREATE TABLE t (id integer, m mood, ms mood[], a amount, p pair, ps pair[])",
                "INSERT INTO t VALUES (1, 'sad', '{ok,NULL}', 1.5, ROW(1, 'x \"y\"', '2024-01-01 00:00+00', 1.50, '[1,5)'), NULL),"
                        + " (2, NULL, NULL, NULL, NULL, ARRAY[ROW(NULL, '', 'infinity', -0.01, 'empty'), NULL]::pair[])");
        assertThat(
                copiedWithoutTypes(
                        "SELECT concat_ws(' ; ', pg_typeof(m), m, pg_typeof(ms), ms, pg_typeof(a), a, pg_typeof(p), p, ps)"
                                + " FROM t ORDER BY id"),
                contains(
                        "text ; sad ; text[] ; {ok,NULL} ; numeric ; 1.50 ; jsonb ; {\"a\": 1, \"b\": \"x \\\"y\\\"\", \"n\": 1.50,"
                                + " \"r\": {\"empty\": false, \"lower\": 1, \"upper\": 5, \"lower_inclusive\": true,"
                                + " \"upper_inclusive\": false}, \"at\": \"2024-01-01 00:00:00+00\"}",
                        "text ; text[] ; numeric ; jsonb ; [{\"a\": null, \"b\": \"\", \"n\": -0.01, \"r\": {\"empty\": true, \"lower\": null,"
                                + " \"upper\": null, \"lower_inclusive\": false, \"upper_inclusive\": false},"
                                + " \"at\": \"infinity\"}, null]"));
    }

    /** Copies the table into a database that has none of the types, and returns what a query there shows. */
    private List<String> copiedWithoutTypes(String query) throws SQLException {
        String database = "without_types_" + source.name();
        source.executeAsSuperuser("CREATE DATABASE " + database + " OWNER " + PostgresServer.USER);
        Map<String, Object> config = target.config();
        config.put("database", database);
        config.put("schema", "public");
        try {
            PostgresCopy.copyTo(Runner.DIRECT, source, config, WriteMode.APPEND, "t");
            String url = "jdbc:postgresql://" + config.get("host") + ":" + config.get("port") + "/" + database;
            try (Connection connection =
                            DriverManager.getConnection(url, PostgresServer.USER, PostgresServer.PASSWORD);
                    ResultSet rows = connection.createStatement().executeQuery(query)) {
                List<String> texts = new ArrayList<>();
                while (rows.next()) {
                    texts.add(rows.getString(1));
                }
                return texts;
            }
        } finally {
            source.executeAsSuperuser("DROP DATABASE IF EXISTS " + database + " WITH (FORCE)");
        }
    }

    /** What is text in a batch because of one value is a string there, and no JSON by accident. */
    @Test
    void textOfATypeThatTheDestinationDoesNotHaveIsAString() throws SQLException {
        source.execute(
                "CREATE TYPE hours AS RANGE (SUBTYPE = time)",
                "CREATE TYPE price AS (amount numeric(8,2))",
                "CREATE TABLE t (id integer, h hours, p price)",
                "INSERT INTO t VALUES (1, '[08:00,9:00)', ROW(1)), (2, '[09:00,24:00]', ROW('NaN')), (3, '[09:00,10:00)', ROW(1.50))");
        assertThat(
                copiedWithoutTypes(
                        "SELECT concat_ws(' ; ', jsonb_typeof(h), h, jsonb_typeof(p), p) FROM t ORDER BY id"),
                contains(
                        "object ; {\"empty\": false, \"lower\": \"08:00:00\", \"upper\": \"09:00:00\", \"lower_inclusive\": true,"
                                + " \"upper_inclusive\": false} ; object ; {\"amount\": 1.00}",
                        "string ; \"[\\\"09:00:00\\\",\\\"24:00:00\\\"]\" ; string ; \"(\\\"NaN\\\")\"",
                        "string ; \"[\\\"09:00:00\\\",\\\"10:00:00\\\")\" ; string ; \"(\\\"1.50\\\")\""));
    }

    /** A width that is only estimated must not depend on what a type's name begins with. */
    @Test
    void arraysBesideLargeValuesArriveEqual() {
        source.execute(
                "CREATE DOMAIN tag AS character varying(20)",
                "CREATE TABLE t (id integer, tags character varying(20)[], d tag, c character(30), n name, body text)",
                "ALTER TABLE t ALTER body SET STORAGE EXTERNAL",
                "INSERT INTO t SELECT g, ARRAY['a', 'b'], 'c', 'd', 'e', repeat(md5(g::text), 3000) FROM generate_series(1, 100) g");
        copy("t");
        assertThat(differences(source, "t", target, "t"), empty());
    }

    @Test
    void valuesThatAreLargerInABatchThanOnTheWireAreSplitIntoBatches() {
        source.execute(
                "CREATE TABLE t (id integer, n numeric[], b bit varying, v tsvector, r int4range[])",
                "INSERT INTO t SELECT g, ARRAY[1e2000, g, -1e-2000]::numeric[], repeat('10', 20000)::bit varying,"
                        + " to_tsvector('simple', 'word' || g || ' and other words'), array_fill('empty'::int4range, ARRAY[300])"
                        + " FROM generate_series(1, 1500) g");
        copy("t");
        assertThat(differences(source, "t", target, "t"), empty());
    }

    private void arrivesEqual(String type, String values) {
        // Several times, so that each value also stands behind others and in front of others of the same column.
        source.execute(
                "CREATE TABLE edges (v " + type + ")",
                "INSERT INTO edges VALUES " + values,
                "CREATE TABLE t (before integer, v " + type + ", after text)",
                "INSERT INTO t SELECT n, v, 'after' FROM edges, generate_series(1, 3) n",
                "INSERT INTO t VALUES (NULL, NULL, NULL)",
                "INSERT INTO t SELECT n, v, NULL FROM generate_series(1, 2) n, edges");
        copy("t");
        assertThat(type, differences(source, "t", target, "t"), empty());
    }

    private void copy(String table) {
        PostgresCopy.copy(Runner.DIRECT, source, target, WriteMode.APPEND, table);
    }
}
