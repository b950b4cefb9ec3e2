// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;

import io.rapidbyte.beam.io.postgres.PostgresCopy.Runner;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.WriteMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Tables of any types, with types that consist of any others, arrive equal. */
class RandomTypesTest {
    /**
     * Types with an expression that makes any value of them. {@code g} is the number of the row: naming it has the server make another
     * value for each.
     */
    private static final List<Type> BASE = List.of(
            new Type("boolean", "random() < 0.5"),
            new Type("smallint", "(random() * 65535 - 32768)::smallint"),
            new Type("integer", "(random() * 4294967295 - 2147483648)::integer"),
            new Type("bigint", "(random() * 1e18 - 5e17)::bigint"),
            new Type(
                    "real",
                    "(CASE WHEN random() < 0.1 THEN 'NaN' ELSE ((random() - 0.5) * 10 ^ (random() * 60 - 30))::text END)::real"),
            new Type(
                    "double precision",
                    "(CASE WHEN random() < 0.1 THEN '-Infinity' ELSE ((random() - 0.5) * 10 ^ (random() * 600 - 300))::text END)::double precision"),
            new Type(
                    "numeric",
                    "(CASE WHEN random() < 0.1 THEN 'NaN' ELSE round(((random() - 0.5) * 1e15)::numeric, (g % 12)::integer)::text END)::numeric"),
            new Type(
                    "numeric(12,3)",
                    "(CASE WHEN random() < 0.02 THEN 'NaN' ELSE ((random() - 0.5) * 1e9)::text END)::numeric(12,3)"),
            new Type("numeric(50,20)", "((random() - 0.5) * 1e14)::numeric(50,20)"),
            new Type("text", "repeat(chr(33 + (random() * 1000)::integer), (random() * 20)::integer) || '\\\"{},()'''"),
            new Type("character varying(9)", "substr(md5(random()::text), 1, (random() * 9)::integer)"),
            new Type("bytea", "decode(repeat(md5(random()::text), (random() * 3)::integer), 'hex')"),
            new Type(
                    "date",
                    "(CASE WHEN random() < 0.1 THEN 'infinity' ELSE (date '2000-01-01' + (random() * 1e6 - 7e5)::integer)::text END)::date"),
            new Type(
                    "time",
                    "(CASE WHEN random() < 0.02 THEN '24:00' ELSE (time '00:00' + random() * interval '1 day')::text END)::time"),
            new Type(
                    "timetz",
                    "(time '00:00' + random() * interval '1 day')::text::time AT TIME ZONE make_interval(mins => (random() * 1600 - 800)::integer)"),
            new Type(
                    "timestamp",
                    "(CASE WHEN random() < 0.05 THEN '-infinity' ELSE (timestamp '2000-01-01' + (random() - 0.5) * interval '8000 years')::text END)::timestamp"),
            new Type("timestamptz", "timestamptz '2000-01-01 00:00+00' + (random() - 0.5) * interval '4000 years'"),
            new Type("interval", "(random() - 0.5) * interval '2000 years 13 mons 40 days 30:00:00.000001'"),
            new Type("uuid", "md5(random()::text)::uuid"),
            new Type("json", "json_build_object('a', random(), 'b', md5(random()::text), 'c', NULL)"),
            new Type("jsonb", "jsonb_build_array(random(), NULL, md5(random()::text))"),
            new Type("money", "((random() - 0.5) * 1e12)::numeric::money"),
            new Type("oid", "(random() * 4294967295)::bigint::oid"),
            new Type("inet", "('10.0.0.0'::inet + (random() * 65535)::integer)"),
            new Type("bit varying", "((random() * 1e9)::integer)::bit(31)::bit varying"),
            new Type("point", "point(random(), -random() * 1e9)"),
            new Type("tsvector", "to_tsvector('simple', md5(random()::text) || ' word''s \\ ' || g)"),
            new Type("\"char\"", "chr(33 + (random() * 90)::integer)::\"char\""),
            new Type(
                    "int8range",
                    "(CASE WHEN random() < 0.2 THEN 'empty' ELSE int8range(NULL, (random() * 1e9)::bigint)::text END)::int8range"),
            new Type(
                    "tstzmultirange",
                    "tstzmultirange(tstzrange(timestamptz '2000-01-01 00:00+00', timestamptz '2001-01-01 00:00+00' + random() * interval '1 year'))"),
            new Type("circle", "circle(point(random(), random()), random())"));

    /** How deep types are inside of one another. */
    private static final int DEPTH = 3;

    @Property(tries = 12)
    void anyTableArrivesEqual(@ForAll long seed) {
        Random random = new Random(seed);
        try (TestSchema source = PostgresServer.shared().newSchema();
                TestSchema target = PostgresServer.shared().newSchema()) {
            List<String> types = new ArrayList<>();
            List<Type> columns = new ArrayList<>();
            for (int column = 0; column < 8; column++) {
                columns.add(type(random, DEPTH, types));
            }
            types.forEach(source::execute);
            String definitions = numbered(columns, (name, type) -> name + " " + type.name);
            String values = columns.stream().map(Type::orNull).collect(Collectors.joining(", "));
            source.execute(
                    "CREATE TABLE t (" + definitions + ")",
                    "SELECT setseed(" + random.nextDouble() + ")",
                    "INSERT INTO t SELECT " + values + " FROM generate_series(1, " + (1 + random.nextInt(400)) + ") g");
            PostgresCopy.copy(Runner.DIRECT, source, target, WriteMode.APPEND, "t");
            assertThat("seed " + seed + ": " + definitions, differences(source, "t", target, "t"), empty());
        }
    }

    private interface Definition {
        String of(String name, Type type);
    }

    private static String numbered(List<Type> types, Definition definition) {
        List<String> definitions = new ArrayList<>();
        for (Type type : types) {
            definitions.add(definition.of("c" + definitions.size(), type));
        }
        return String.join(", ", definitions);
    }

    /** Any type; the statements that make it, in order, are added to {@code statements}. */
    private static Type type(Random random, int depth, List<String> statements) {
        switch (depth == 0 ? 9 : random.nextInt(10)) {
            case 0, 1, 2 -> {
                Type element = type(random, depth - 1, statements);
                String elements = "ARRAY(SELECT " + element.orNull() + " FROM generate_series(1, g % 5) e)";
                return element.name.endsWith("[]")
                        ? element
                        : new Type(element.name + "[]", elements + "::" + element.name + "[]");
            }
            case 3, 4 -> {
                List<Type> fields = new ArrayList<>();
                for (int field = 0; field < 1 + random.nextInt(4); field++) {
                    fields.add(type(random, depth - 1, statements));
                }
                String name = "composite_" + statements.size();
                statements.add("CREATE TYPE " + name + " AS ("
                        + numbered(fields, (field, type) -> field + " " + type.name) + ")");
                String values = fields.stream().map(Type::orNull).collect(Collectors.joining(", "));
                return new Type(name, "ROW(" + values + ")::" + name);
            }
            case 5 -> {
                Type base = type(random, depth - 1, statements);
                String name = "domain_" + statements.size();
                statements.add("CREATE DOMAIN " + name + " AS " + base.name);
                return new Type(name, "(" + base.value + ")::" + name);
            }
            case 6 -> {
                String name = "enum_" + statements.size();
                statements.add("CREATE TYPE " + name + " AS ENUM ('a', 'it''s', 'c \"d\"')");
                return new Type(name, "(enum_range(NULL::" + name + "))[1 + (random() * 2)::integer]");
            }
            default -> {
                return BASE.get(random.nextInt(BASE.size()));
            }
        }
    }

    /** A type of the server with an expression that makes values of it. */
    private record Type(String name, String value) {
        String orNull() {
            return "(CASE WHEN random() < 0.15 THEN NULL ELSE " + value + " END)::" + name;
        }
    }
}
