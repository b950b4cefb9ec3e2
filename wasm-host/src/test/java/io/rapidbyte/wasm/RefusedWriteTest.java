// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.testing.Fault;
import io.rapidbyte.testing.FaultyProxy;
import io.rapidbyte.testing.OwnThread;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.Question;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.TableWriting.Failure;
import io.rapidbyte.wasm.TableWriting.Step;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a server may refuse in the middle of a write: what the error says of it, and that the same write completes when the reason is gone. */
@Timeout(60)
class RefusedWriteTest {
    private TestSchema source;
    private TestSchema target;
    private TableWriting writing;
    private Map<String, Object> config;
    private String role;

    @BeforeEach
    void createSchemas() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        writing = TableWriting.of(source, WriteMode.APPEND);
        role = target.name() + "_writer";
        target.executeAsSuperuser("create role " + role + " login password 'geheim' in role " + PostgresServer.USER);
        config = new HashMap<>(target.config(role, "geheim"));
        config.put("application_name", target.name());
        createTarget("");
    }

    @AfterEach
    void dropSchemas() {
        target.executeAsSuperuser("drop owned by " + role + " cascade", "drop role " + role);
        target.close();
        source.close();
    }

    private void createTarget(String check) {
        target.execute("create table items (id bigint not null" + check
                + ", name text, amount numeric(10,2), at timestamptz)");
    }

    private void completes() {
        source.execute("alter table items drop constraint items_pkey");
        assertThat(target.value("select count(*) from items"), is("0"));
        writing.complete(config, "run");
        assertThat(differences(source, "items", target, "items"), is(empty()));
        // It belongs to the role that wrote.
        assertThat(
                asSuperuser("select count(*) from " + target.quoted() + "._rapidbyte_ledger where unit >= 0"),
                is(String.valueOf(TableWriting.UNITS.length)));
    }

    private Failure fails(Step step) {
        return fails(writing.attempt(config, "run"), step);
    }

    private static Failure fails(Optional<Failure> attempt, Step step) {
        Failure failure = attempt.orElseThrow(() -> new AssertionError("the write did not fail"));
        assertThat(failure.toString(), failure.step(), is(step));
        assertThat(failure.toString(), failure.error().commitState(), is(CommitState.BEFORE_COMMIT));
        return failure;
    }

    private static void isWorthARetry(Failure failure, Category category, String code) {
        assertThat(failure.toString(), failure.error().code(), is(code));
        assertThat(failure.toString(), failure.error().category(), is(category));
        assertThat(failure.toString(), failure.error().retryable(), is(true));
        assertThat(failure.toString(), failure.error().safeToRetry(), is(true));
    }

    /** Raised by the target itself, at its two hundred and fiftieth row and once: a sequence counts, which no rollback sets back. */
    @ParameterizedTest
    @CsvSource({
        "53100, copy",
        "53100, insert",
        "53200, copy",
        "53400, copy",
        "40001, copy",
        "40001, insert",
        "40P01, copy",
        "55P03, copy",
        "57014, copy",
        "25P03, copy",
        "58030, copy",
        "58030, insert"
    })
    void whatTheServerMayManageTheNextTimeIsWorthARetry(String sqlstate, String loadMethod) {
        config.put("load_method", loadMethod);
        target.execute(
                "drop table items",
                "create sequence rows_seen",
                "create function refuse() returns boolean language plpgsql as $$ begin"
                        + " if nextval('" + target.quoted() + ".rows_seen') = 250 then raise 'no' using errcode = '"
                        + sqlstate + "'; end if; return true; end $$");
        createTarget(" check (refuse())");

        isWorthARetry(fails(Step.WRITE), Category.TRANSIENT_DB, sqlstate);
        completes();
    }

    @ParameterizedTest
    @CsvSource({"copy", "insert"})
    void aWriteThatWaitsForALockForTooLongIsWorthARetry(String loadMethod) throws SQLException {
        config.put("load_method", loadMethod);
        target.executeAsSuperuser("alter role " + role + " set lock_timeout = '100ms'");
        try (Connection locker = PostgresServer.shared().connect();
                var statement = locker.createStatement()) {
            locker.setAutoCommit(false);
            statement.execute("lock table " + target.quoted() + ".items in share mode");
            isWorthARetry(fails(Step.WRITE), Category.TRANSIENT_DB, "55P03");
            locker.rollback();
        }
        completes();
    }

    @Test
    void aStatementThatTakesTooLongIsWorthARetry() throws SQLException {
        config.put("statement_timeout_seconds", 1);
        try (Connection locker = PostgresServer.shared().connect();
                var statement = locker.createStatement()) {
            locker.setAutoCommit(false);
            statement.execute("lock table " + target.quoted() + ".items in share mode");
            isWorthARetry(fails(Step.WRITE), Category.TRANSIENT_DB, "57014");
            locker.rollback();
        }
        completes();
    }

    /** A real one: the writer holds the target and wants a table that another holds, who wants the target. */
    @Test
    void aDeadlockIsWorthARetry() throws Exception {
        target.execute(
                "create table other ()",
                "create function wait() returns trigger language plpgsql as $$ begin lock table " + target.quoted()
                        + ".other in share mode; return new; end $$",
                "create trigger wait before insert on items for each row execute function wait()");
        try (FaultyProxy proxy = new FaultyProxy(PostgresServer.shared());
                Connection locker = PostgresServer.shared().connectAsSuperuser();
                var statement = locker.createStatement()) {
            Map<String, Object> through = proxy.config(target);
            through.put("user", role);
            through.put("password", "geheim");
            // Who waits first looks first: the writer finds it.
            statement.execute("set deadlock_timeout = '1h'");
            locker.setAutoCommit(false);
            statement.execute("lock table " + target.quoted() + ".other in exclusive mode");
            Fault rows = proxy.add(Fault.Kind.HOLD, Question::isRows, 1);
            CompletableFuture<Optional<Failure>> attempt =
                    CompletableFuture.supplyAsync(() -> writing.attempt(through, "run"), OwnThread.EACH);
            rows.awaitReached();
            // The COPY has the target; this waits for its end.
            CompletableFuture<Void> locking = CompletableFuture.runAsync(
                    () -> {
                        try {
                            statement.execute("lock table " + target.quoted() + ".items in access exclusive mode");
                        } catch (SQLException e) {
                            throw new IllegalStateException(e);
                        }
                    },
                    OwnThread.EACH);
            awaitSessions("query like 'lock table%items%' and wait_event_type = 'Lock'", "1");
            rows.release();

            isWorthARetry(fails(attempt.get(), Step.WRITE), Category.TRANSIENT_DB, "40P01");
            locking.get();
            locker.rollback();
        }
        completes();
    }

    @Test
    void aServerWithoutAConnectionToSpareIsWorthARetry() {
        target.executeAsSuperuser("alter role " + role + " connection limit 0");
        isWorthARetry(fails(Step.APPLY), Category.TRANSIENT_DB, "53300");
        target.executeAsSuperuser("alter role " + role + " connection limit -1");
        completes();
    }

    /** For a session that looks read only when it begins, and is not: the writer says what it needs. */
    @Test
    void whoIsReadOnlyByDefaultWritesAllTheSame() {
        target.executeAsSuperuser("alter role " + role + " set default_transaction_read_only = on");
        completes();
    }

    /** Waiting for the source in an open transaction is no idleness. */
    @Test
    void aTransactionThatWaitsForBatchesIsNotEndedForIt() {
        target.executeAsSuperuser("alter role " + role + " set idle_in_transaction_session_timeout = '50ms'");
        Optional<Failure> failure = writing.attempt(config, "run", new Probes.Feed(writing.frames()) {
            @Override
            public Frame next() throws InterruptedException {
                if (frames.size() == 1) {
                    awaitSessions(
                            "application_name = '" + target.name()
                                    + "' and now() - greatest(state_change, query_start) > interval '300ms'",
                            "1");
                }
                return super.next();
            }
        });
        assertThat(failure, is(Optional.empty()));
        assertThat(target.value("select count(*) from items"), is(String.valueOf(TableWriting.ROWS)));
    }

    @Test
    void aSessionThatIsEndedIsWorthARetry() throws InterruptedException, ExecutionException {
        Optional<Failure> failure = writing.attempt(config, "run", new Probes.Feed(writing.frames()) {
            @Override
            public Frame next() throws InterruptedException {
                if (frames.size() == 1) {
                    assertThat(
                            asSuperuser("select pg_terminate_backend(pid, 10000) from pg_stat_activity"
                                    + " where application_name = '" + target.name() + "'"),
                            is("t"));
                }
                return super.next();
            }
        });
        Failure found = fails(failure, Step.WRITE);
        assertThat(found.toString(), found.error().retryable(), is(true));
        assertThat(found.toString(), found.error().safeToRetry(), is(true));
        completes();
    }

    /** Asks until it is so; the test's time limit ends it. By the superuser, because others are not told of each other's sessions. */
    private static void awaitSessions(String condition, String count) {
        while (!asSuperuser("select count(*) from pg_stat_activity where " + condition)
                .equals(count)) {
            assertThat("interrupted by the time limit", Thread.currentThread().isInterrupted(), is(false));
        }
    }

    private static String asSuperuser(String sql) {
        try (Connection connection = PostgresServer.shared().connectAsSuperuser();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
