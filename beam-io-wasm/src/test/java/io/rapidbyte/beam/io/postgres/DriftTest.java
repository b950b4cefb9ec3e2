// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
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
import org.junit.jupiter.params.provider.EnumSource;

/** Tables that have changed since they were copied first. What is not set is as docs/schema-evolution.md says. */
class DriftTest {
    private final TestSchema source = PostgresServer.shared().newSchema();
    private final TestSchema target = PostgresServer.shared().newSchema();

    @BeforeEach
    void copyOnce() {
        source.execute("CREATE TABLE t (id integer NOT NULL, name varchar(20))", "INSERT INTO t VALUES (1, 'one')");
        PostgresCopy.copy(Runner.DIRECT, source, target, WriteMode.APPEND, source.name() + ".t");
        source.execute("DELETE FROM t");
    }

    @AfterEach
    void dropSchemas() {
        target.close();
        source.close();
    }

    @ParameterizedTest
    @EnumSource(Runner.class)
    void newColumnsAreAddedByWhicheverWorkerComesFirst(Runner runner) {
        source.execute(
                "ALTER TABLE t ADD COLUMN \"At \"\"noon\"\"\" date NOT NULL DEFAULT '2024-02-29'",
                "ALTER TABLE t ADD COLUMN tags text[]",
                "INSERT INTO t SELECT g, 'n' || g, '2024-03-01', ARRAY['a', NULL] FROM generate_series(2, 50000) g");

        PostgresCopy.copy(runner, source, target, WriteMode.APPEND, source.name() + ".t");

        assertThat(
                target.query("SELECT * FROM t WHERE id < 3 ORDER BY id"),
                contains("1|one|null|null", "2|n2|2024-03-01|{a,NULL}"));
        assertThat(target.value("SELECT count(tags) FROM t"), equalTo("49999"));
    }

    @Test
    void columnsThatTheSourceDroppedStayEmptyAndMayBeNullFromThenOn() {
        target.execute(
                "ALTER TABLE t ALTER COLUMN name SET NOT NULL", "ALTER TABLE t ADD COLUMN state text DEFAULT 'new'");
        source.execute("ALTER TABLE t DROP COLUMN name", "INSERT INTO t VALUES (2)");

        PostgresCopy.copy(Runner.DIRECT, source, target, WriteMode.APPEND, source.name() + ".t");

        assertThat(target.query("SELECT * FROM t ORDER BY id"), contains("1|one|new", "2|null|new"));
    }

    @Test
    void columnsThatMayBeNullInTheSourceMayBeNullInTheTarget() {
        source.execute("ALTER TABLE t ALTER COLUMN id DROP NOT NULL", "INSERT INTO t VALUES (NULL, 'none')");

        PostgresCopy.copy(Runner.DIRECT, source, target, WriteMode.APPEND, source.name() + ".t");

        assertThat(target.query("SELECT * FROM t ORDER BY id"), contains("1|one", "null|none"));
    }

    @ParameterizedTest
    @EnumSource(
            value = WriteMode.class,
            names = {"APPEND", "REPLACE"})
    void anotherTypeIsRefusedBeforeARowMoves(WriteMode mode) {
        source.execute("ALTER TABLE t ALTER COLUMN id TYPE bigint", "INSERT INTO t VALUES (1099511627776, 'far')");

        Exception refused = assertThrows(
                Exception.class, () -> PostgresCopy.copy(Runner.DIRECT, source, target, mode, source.name() + ".t"));

        assertThat(
                refused.getMessage(),
                allOf(
                        containsString("column 'id' is int8 in the stream and integer in the target"),
                        containsString("type_change")));
        assertThat(target.query("SELECT * FROM t"), contains("1|one"));
    }

    @Test
    void replacingTakesTheColumnsOfTheSource() {
        source.execute(
                "ALTER TABLE t DROP COLUMN name",
                "ALTER TABLE t ADD COLUMN at date",
                "INSERT INTO t VALUES (2, '2024-02-29')");

        PostgresCopy.copy(Runner.DIRECT, source, target, WriteMode.REPLACE, source.name() + ".t");

        assertThat(target.query("SELECT id, at FROM t"), contains("2|2024-02-29"));
    }
}
