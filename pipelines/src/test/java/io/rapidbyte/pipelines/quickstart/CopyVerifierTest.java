// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.quickstart;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CopyVerifierTest {
    private TestSchema source;
    private TestSchema copy;

    @BeforeEach
    void createACopy() {
        source = PostgresServer.shared().newSchema();
        copy = PostgresServer.shared().newSchema();
        source.execute(
                "CREATE TABLE t (id int, amount numeric(10,2), ratio float8, note text)",
                "INSERT INTO t SELECT i, i / 3.0, i / 3.0, nullif(repeat('x', i % 4), '') FROM generate_series(1, 1000) i");
        copy.execute(
                "CREATE TABLE t (id int, amount numeric(10,2), ratio float8, note text)",
                "INSERT INTO t SELECT * FROM " + source.quoted() + ".t ORDER BY id DESC");
    }

    @AfterEach
    void dropBoth() {
        source.close();
        copy.close();
    }

    @Test
    void anEqualCopyIsEqualInAnyOrder() throws SQLException {
        CopyVerifier.Verdict verdict = verdict();

        assertThat(verdict.differences(), is(List.of()));
        assertThat(verdict.rows(), is(1000L));
    }

    @Test
    void oneChangedValueIsFound() throws SQLException {
        copy.execute("UPDATE t SET ratio = ratio + 1e-13 WHERE id = 3");

        assertThat(verdict().differences(), contains("the number of rows is right, their content differs"));
    }

    @Test
    void anEmptyTextInPlaceOfNullIsFound() throws SQLException {
        copy.execute("UPDATE t SET note = '' WHERE id = 4");

        assertThat(verdict().differences(), contains("the number of rows is right, their content differs"));
    }

    @Test
    void aRowThatIsThereTwiceInPlaceOfAnotherIsFound() throws SQLException {
        copy.execute("DELETE FROM t WHERE id = 5", "INSERT INTO t SELECT * FROM t WHERE id = 6");

        assertThat(verdict().differences(), contains("the number of rows is right, their content differs"));
    }

    @Test
    void valuesOfTwoRowsThatAreExchangedAreFound() throws SQLException {
        copy.execute("UPDATE t SET note = CASE id WHEN 5 THEN 'xx' ELSE 'x' END WHERE id IN (5, 6)");

        assertThat(verdict().differences(), contains("the number of rows is right, their content differs"));
    }

    @Test
    void aLostRowIsFound() throws SQLException {
        copy.execute("DELETE FROM t WHERE id = 7");

        assertThat(verdict().differences(), contains("999 rows instead of 1,000"));
    }

    @Test
    void anotherColumnTypeIsFound() throws SQLException {
        copy.execute("ALTER TABLE t ALTER amount TYPE numeric, DROP note");

        assertThat(
                verdict().differences().subList(0, 2),
                contains(
                        "column 2 is amount numeric instead of amount numeric(10,2)",
                        "column 4 is absent instead of note text"));
    }

    @Test
    void aTableThatIsNotThereIsFound() throws SQLException {
        copy.execute("DROP TABLE t");

        assertThat(verdict().differences(), contains("there is no table " + copy.name() + ".t"));
    }

    private CopyVerifier.Verdict verdict() throws SQLException {
        try (Connection connection = PostgresServer.shared().connect()) {
            return new CopyVerifier(connection).compare(source.name(), copy.name(), "t");
        }
    }
}
