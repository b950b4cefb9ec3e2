// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.anyOf;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.testing.FaultyProxy;
import io.rapidbyte.testing.FaultyProxy.Direction;
import io.rapidbyte.testing.FaultyProxy.Ending;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.TableWriting.Failure;
import io.rapidbyte.wasm.TableWriting.Step;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A write whose connection ends anywhere: it fails in a way that is worth a retry, says nothing wrong of what is committed, leaves all
 * or nothing, and is complete, with every row once, when it is repeated.
 */
@Timeout(300)
@Tag("faults")
class CutWriteTest {
    private static final String COLUMNS = "(id bigint primary key, name text, amount numeric(10,2), at timestamptz)";

    private TestSchema source;
    private TestSchema target;
    private FaultyProxy proxy;
    private TableWriting writing;
    private Map<String, Object> config;

    /** One for all that is looked at: each test has hundreds of cases. */
    private Connection observer;

    private void createSchemas(PostgresServer server) throws IOException, SQLException {
        source = server.newSchema();
        target = server.newSchema();
        proxy = new FaultyProxy(server);
        config = proxy.config(target);
        config.put("application_name", target.name());
        observer = server.connectAsSuperuser();
    }

    @AfterEach
    void dropSchemas() throws IOException, SQLException {
        observer.close();
        proxy.close();
        target.close();
        source.close();
    }

    private void execute(String sql) throws SQLException {
        try (var statement = observer.createStatement()) {
            statement.execute(sql.replace("target.", target.quoted() + ".").replace("source.", source.quoted() + "."));
        }
    }

    private String value(String sql) throws SQLException {
        try (var statement = observer.createStatement();
                var rows = statement.executeQuery(
                        sql.replace("target.", target.quoted() + ".").replace("source.", source.quoted() + "."))) {
            rows.next();
            return rows.getString(1);
        }
    }

    /** Every byte of the beginning, and then one of so many. */
    private static long[] positions(long all, int beginning, int distance) {
        return LongStream.concat(
                        LongStream.range(0, beginning),
                        LongStream.iterate(beginning, at -> at <= all, at -> at + distance))
                .toArray();
    }

    @ParameterizedTest
    @CsvSource({
        "APPEND, copy, loader, 40, 997",
        "APPEND, insert, loader_trusted, 0, 997",
        "REPLACE, copy, loader_trusted, 0, 4001",
        "REPLACE, insert, loader_trusted, 0, 6007",
        "UPSERT, copy, loader_trusted, 0, 1801",
        "UPSERT, insert, loader_trusted, 0, 1999"
    })
    void aCutAnywhereLeavesAllOrNothingAndARepetitionCompletesIt(
            WriteMode mode, String loadMethod, String user, int beginning, int distance)
            throws IOException, SQLException {
        createSchemas(PostgresServer.shared());
        config.put("load_method", loadMethod);
        config.put("user", user);
        cutAnywhere(mode, beginning, distance);
    }

    /** Where the end of a connection can also be in the middle of a record of TLS, and comes without the alert that says it is the end. */
    @Test
    void soDoesACutOfAnEncryptedConnection() throws IOException, SQLException {
        createSchemas(PostgresServer.encrypted());
        config.put("sslmode", "require");
        config.put("user", PostgresServer.TRUSTED_USER);
        cutAnywhere(WriteMode.UPSERT, 0, 2999);
    }

    private void cutAnywhere(WriteMode mode, int beginning, int distance) throws SQLException {
        writing = TableWriting.of(source, mode);
        prepare(mode);
        proxy.behave();
        assertThat(writing.attempt(config, "whole"), is(Optional.empty()));
        assertThat(differences(), is("0"));
        Map<Direction, Long> all = new EnumMap<>(Direction.class);
        for (Direction direction : Direction.values()) {
            all.put(direction, proxy.passed(direction));
        }
        Map<Step, Integer> failures = new EnumMap<>(Step.class);
        for (Direction direction : Direction.values()) {
            for (long position : positions(all.get(direction), beginning, distance)) {
                Ending ending = position % 2 == 0 ? Ending.ORDERLY : Ending.RESET;
                String run = "run-" + direction + "-" + position;
                prepare(mode);
                proxy.cutAfter(direction, position, ending);
                Optional<Failure> failure = writing.attempt(config, run);
                String what = "cut after " + position + " bytes of " + direction + ", " + ending + ": " + failure;
                awaitEndOfSessions();
                if (failure.isPresent()) {
                    failures.merge(failure.get().step(), 1, Integer::sum);
                    check(what, mode, failure.get());
                }
                proxy.behave();
                writing.complete(config, run);
                assertThat(what, differences(), is("0"));
                assertThat(what, identities(), is(String.valueOf(TableWriting.UNITS.length)));
            }
        }
        for (Step step : Step.values()) {
            assertThat("cuts in " + step + " of " + failures, failures.getOrDefault(step, 0), is(greaterThan(2)));
        }
    }

    private void check(String what, WriteMode mode, Failure failure) throws SQLException {
        ConnectorError error = failure.error();
        assertThat(what, error.category(), is(Category.TRANSIENT_NETWORK));
        assertThat(what, error.retryable(), is(true));
        Step decisive = mode == WriteMode.REPLACE ? Step.FINALIZE : Step.WRITE;
        String all = String.valueOf(TableWriting.ROWS);
        String rows = exists("items") ? value("select count(*) from target.items where id > 0") : "0";
        if (failure.step() == decisive && error.commitState() == CommitState.AFTER_COMMIT_UNKNOWN) {
            assertThat(what, rows, anyOf(is("0"), is(all)));
        } else if (failure.step() == decisive) {
            assertThat(what, rows, is(error.commitState() == CommitState.BEFORE_COMMIT ? "0" : all));
        } else {
            assertThat(what, rows, is(failure.step().compareTo(decisive) < 0 ? "0" : all));
        }
    }

    /** The target as it was before the run; in {@code expected} what it has to be afterwards. */
    private void prepare(WriteMode mode) throws SQLException {
        execute("drop table if exists target.items, target._rapidbyte_ledger, source.expected");
        execute("create table source.expected as table source.items");
        if (mode != WriteMode.APPEND) {
            execute("create table target.items " + COLUMNS);
            execute("alter table target.items owner to loader");
            execute("insert into target.items values (-1, 'old', 0, null)");
        }
        if (mode == WriteMode.UPSERT) {
            execute("insert into source.expected table target.items");
        }
    }

    private boolean exists(String table) throws SQLException {
        return value("select to_regclass('target." + table + "') is not null").equals("t");
    }

    /** Rows that are on one side more often than on the other. */
    private String differences() throws SQLException {
        return value("select count(*) from ((table target.items except all table source.expected)"
                + " union all (table source.expected except all table target.items)) d");
    }

    /** What is kept of batches; after a run it is nothing. */
    private String identities() throws SQLException {
        return exists("_rapidbyte_ledger")
                ? value("select count(*) from target._rapidbyte_ledger where unit >= 0")
                : "0";
    }

    /** The server notices a lost connection when it writes or reads the next time. */
    private void awaitEndOfSessions() throws SQLException {
        while (!value("select count(*) from pg_stat_activity where application_name = '" + target.name() + "'")
                .equals("0")) {
            assertThat("interrupted by the time limit", Thread.currentThread().isInterrupted(), is(false));
        }
    }
}
