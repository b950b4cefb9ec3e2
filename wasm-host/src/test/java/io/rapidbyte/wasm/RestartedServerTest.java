// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.anyOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.rapidbyte.testing.Fault;
import io.rapidbyte.testing.FaultyProxy;
import io.rapidbyte.testing.OwnThread;
import io.rapidbyte.testing.Question;
import io.rapidbyte.testing.RestartablePostgres;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.TableWriting.Failure;
import io.rapidbyte.wasm.TableWriting.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A server that crashes, comes back, or comes back as something else, in the middle of a write. */
@Timeout(120)
class RestartedServerTest {
    private static RestartablePostgres postgres;

    private TestSchema source;
    private TestSchema target;

    @BeforeAll
    static void start() {
        postgres = RestartablePostgres.start();
    }

    @AfterAll
    static void stop() throws IOException {
        postgres.close();
    }

    @BeforeEach
    void createSchemas() {
        source = postgres.server().newSchema();
        target = postgres.server().newSchema();
    }

    @AfterEach
    void dropSchemas() {
        target.close();
        source.close();
    }

    private void isComplete(String run) {
        source.execute("alter table items drop constraint if exists items_pkey");
        target.execute("alter table items drop constraint if exists items_pkey");
        source.execute("alter table items alter id drop not null");
        target.execute("alter table items alter id drop not null");
        assertThat(differences(source, "items", target, "items"), is(empty()));
        assertThat(TableWriting.ledger(target, run), hasSize(TableWriting.UNITS.length));
    }

    @ParameterizedTest
    @EnumSource
    void aCrashInTheMiddleOfTheRowsIsWorthARetry(WriteMode mode) {
        TableWriting writing = TableWriting.of(source, mode);
        Map<String, Object> config = target.config();
        Optional<Failure> failure = writing.attempt(config, "run", new Probes.Feed(writing.frames()) {
            @Override
            public Frame next() throws InterruptedException {
                if (frames.size() == 1) {
                    postgres.stopAtOnce();
                }
                return super.next();
            }
        });
        isWorthARetry(failure, Step.WRITE);
        // As long as it is down.
        isWorthARetry(writing.attempt(config, "run"), Step.APPLY);
        postgres.startAgain();
        writing.complete(config, "run");
        isComplete("run");
    }

    /** What it said is committed is there afterwards, and what nobody heard of may be. */
    @ParameterizedTest
    @EnumSource
    void aCrashWhileACommitIsOnItsWayIsWorthARetry(WriteMode mode) throws Exception {
        TableWriting writing = TableWriting.of(source, mode);
        try (FaultyProxy proxy = new FaultyProxy(postgres.server())) {
            Fault commit = proxy.add(Fault.Kind.HOLD, Question::commitsRows, 1);
            CompletableFuture<Optional<Failure>> attempt =
                    CompletableFuture.supplyAsync(() -> writing.attempt(proxy.config(target), "run"), OwnThread.EACH);
            commit.awaitReached();
            postgres.stopAtOnce();
            commit.release();
            Failure failure = isWorthARetry(attempt.get(), Step.WRITE);
            assertThat(failure.toString(), failure.error().commitState(), is(CommitState.AFTER_COMMIT_UNKNOWN));
            postgres.startAgain();
            writing.complete(proxy.config(target), "run");
        }
        isComplete("run");
    }

    /** What was the primary when the run began may be none when it goes on, or be one again. */
    @ParameterizedTest
    @EnumSource
    void aStandbyTakesNoRowsAndSaysWhoDoes(WriteMode mode) {
        TableWriting writing = TableWriting.of(source, mode);
        Map<String, Object> config = target.config();
        Optional<Failure> failure = writing.attempt(config, "run", new Probes.Feed(writing.frames()) {
            @Override
            public Frame next() throws InterruptedException {
                if (frames.size() == 1) {
                    postgres.stopAtOnce();
                    postgres.startAsStandby();
                }
                return super.next();
            }
        });
        isWorthARetry(failure, Step.WRITE);
        isOfStandby(writing.attempt(config, "run"));
        // A run for which nothing is prepared yet.
        isOfStandby(writing.attempt(config, "other"));

        target.executeAsSuperuser("select pg_promote()");
        writing.complete(config, "run");
        isComplete("run");
    }

    private static void isOfStandby(Optional<Failure> attempt) {
        Failure failure = attempt.orElseThrow(() -> new AssertionError("the write did not fail"));
        assertThat(failure.toString(), failure.error().category(), is(Category.CONFIG));
        assertThat(failure.toString(), failure.error().retryable(), is(false));
        assertThat(failure.toString(), failure.error().message(), containsString("recovery"));
        assertThat(failure.toString(), failure.error().hint(), containsString("target_session_attrs"));
    }

    /** The file of the target cannot grow. */
    @ParameterizedTest
    @CsvSource({"APPEND, copy", "APPEND, insert", "UPSERT, copy"})
    void aFullDiskIsWorthARetry(WriteMode mode, String loadMethod) throws Exception {
        assumeTrue(Files.exists(RestartablePostgres.FULL), "no device that is full");
        TableWriting writing = TableWriting.of(source, mode);
        Map<String, Object> config = new HashMap<>(target.config());
        config.put("load_method", loadMethod);
        target.execute("create table items (id bigint primary key, name text, amount numeric(10,2), at timestamptz)");
        try (AutoCloseable full = postgres.withoutRoomFor(target.value("select pg_relation_filepath('items')"))) {
            Failure failure = isWorthARetry(writing.attempt(config, "run"), Step.WRITE);
            assertThat(failure.toString(), failure.error().code(), is("53100"));
            assertThat(failure.toString(), failure.error().commitState(), is(CommitState.BEFORE_COMMIT));
        }
        assertThat(target.value("select count(*) from items"), is("0"));
        writing.complete(config, "run");
        isComplete("run");
    }

    private static Failure isWorthARetry(Optional<Failure> attempt, Step step) {
        Failure failure = attempt.orElseThrow(() -> new AssertionError("the write did not fail"));
        assertThat(failure.toString(), failure.step(), is(step));
        assertThat(
                failure.toString(),
                failure.error().category(),
                anyOf(is(Category.TRANSIENT_DB), is(Category.TRANSIENT_NETWORK)));
        assertThat(failure.toString(), failure.error().retryable(), is(true));
        assertThat(failure.toString(), failure.error().safeToRetry(), is(true));
        return failure;
    }
}
