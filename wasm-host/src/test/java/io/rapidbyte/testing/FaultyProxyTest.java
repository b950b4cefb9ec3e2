// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.testing;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.testing.FaultyProxy.Direction;
import io.rapidbyte.testing.FaultyProxy.Ending;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The faults happen where they should: what is said of a write that meets them is worth nothing otherwise. */
@Timeout(60)
class FaultyProxyTest {
    private TestSchema schema;
    private FaultyProxy proxy;

    @BeforeEach
    void createTable() throws Exception {
        schema = PostgresServer.shared().newSchema();
        schema.execute("create table t (a integer)");
        proxy = new FaultyProxy(PostgresServer.shared());
    }

    @AfterEach
    void dropTable() throws Exception {
        proxy.close();
        schema.close();
    }

    private Connection connect() throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", PostgresServer.USER);
        properties.setProperty("password", PostgresServer.PASSWORD);
        properties.setProperty("preferQueryMode", "simple");
        properties.setProperty("sslmode", "disable");
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + proxy.port() + "/" + PostgresServer.DATABASE, properties);
    }

    private void insert() throws SQLException {
        try (Connection connection = connect();
                var statement = connection.createStatement()) {
            statement.execute("begin");
            statement.execute("insert into " + schema.quoted() + ".t values (1)");
            statement.execute("commit");
        }
    }

    private String rows() {
        return schema.value("select count(*) from t");
    }

    @Test
    void withoutAFaultEverythingIsPassedOn() throws SQLException {
        insert();
        assertThat(rows(), is("1"));
        assertThat(proxy.passed(Direction.QUESTIONS), is(greaterThan(100L)));
        assertThat(proxy.passed(Direction.ANSWERS), is(greaterThan(100L)));
    }

    @Test
    void whatIsCutBeforeItArrivesIsNeverDone() throws SQLException {
        Fault fault = proxy.add(Fault.Kind.CUT_BEFORE, Question::isCommit, 2);
        for (int attempt = 1; attempt <= 2; attempt++) {
            assertThat(assertThrows(SQLException.class, this::insert).getSQLState(), is("08006"));
            assertThat(fault.count(), is(attempt));
        }
        insert();
        assertThat(rows(), is("1"));
    }

    @Test
    void whatIsCutAfterwardsIsDoneAndNobodyKnows() throws SQLException {
        Fault fault = proxy.add(Fault.Kind.CUT_AFTER, Question::isCommit, 1);
        assertThat(assertThrows(SQLException.class, this::insert).getSQLState(), is("08006"));
        assertThat(rows(), is("1"));
        insert();
        assertThat(rows(), is("2"));
        assertThat(fault.count(), is(1));
    }

    @Test
    void whatIsHeldIsDoneWhenItIsReleased() throws Exception {
        Fault fault = proxy.add(Fault.Kind.HOLD, Question::isCommit, 1);
        CompletableFuture<Void> inserting = CompletableFuture.runAsync(
                () -> {
                    try {
                        insert();
                    } catch (SQLException e) {
                        throw new IllegalStateException(e);
                    }
                },
                OwnThread.EACH);
        fault.awaitReached();
        assertThat(rows(), is("0"));
        fault.release();
        inserting.get();
        assertThat(rows(), is("1"));
    }

    @Test
    void bytesAreCountedInTheirDirection() throws SQLException {
        for (Direction direction : Direction.values()) {
            for (Ending ending : Ending.values()) {
                for (int bytes : new int[] {0, 1, 40}) {
                    proxy.cutAfter(direction, bytes, ending);
                    assertThrows(SQLException.class, this::insert);
                    assertThat(proxy.passed(direction), is((long) bytes));
                    // Until it is told otherwise.
                    assertThrows(SQLException.class, this::connect);
                }
            }
        }
        assertThat(rows(), is("0"));
        proxy.behave();
        insert();
        assertThat(rows(), is("1"));
    }

    @Test
    void itKnowsWhatATransactionHolds() throws Exception {
        java.util.List<String> kinds = new java.util.concurrent.CopyOnWriteArrayList<>();
        proxy.add(
                Fault.Kind.HOLD,
                question -> {
                    if (question.isCommit()) {
                        kinds.add(question.commitsRows() + " " + question.commitsTheEnd() + " "
                                + question.commitsPreparation());
                    }
                    return false;
                },
                1);
        try (Connection connection = connect();
                var statement = connection.createStatement()) {
            statement.execute("set search_path = " + schema.quoted());
            statement.execute("begin isolation level read committed");
            statement.execute("create temporary table s (a integer) on commit drop");
            statement.execute("insert into t values (1); commit;");
            statement.execute("begin; select 1");
            new org.postgresql.copy.CopyManager((org.postgresql.core.BaseConnection) connection)
                    .copyIn("copy t from stdin", new java.io.StringReader("7\n8\n"));
            statement.execute("commit");
            statement.execute("begin");
            statement.execute("alter table t rename to u");
            statement.execute("COMMIT");
        }
        assertThat(kinds, contains("false false true", "true false false", "false true false"));
        assertThat(schema.value("select count(*) from u"), is("3"));
    }
}
