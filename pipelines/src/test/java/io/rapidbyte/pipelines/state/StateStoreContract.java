// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import static io.rapidbyte.pipelines.state.SampleRuns.STARTED;
import static io.rapidbyte.pipelines.state.SampleRuns.begun;
import static io.rapidbyte.pipelines.state.SampleRuns.completed;
import static io.rapidbyte.pipelines.state.SampleRuns.ended;
import static io.rapidbyte.pipelines.state.SampleRuns.letter;
import static io.rapidbyte.pipelines.state.SampleRuns.position;
import static io.rapidbyte.pipelines.state.SampleRuns.route;
import static io.rapidbyte.pipelines.state.SampleRuns.run;
import static io.rapidbyte.pipelines.state.SampleRuns.stream;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.beam.io.DeadLetter;
import io.rapidbyte.beam.io.FinalizedStream;
import java.io.Serializable;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.ParDo;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every store does, whatever it is kept in. */
@Timeout(120)
abstract class StateStoreContract {
    private StateStore store;

    /** Where this test's store is, which nothing has been written to. */
    abstract StateLocation location();

    /** How sentences name it. */
    abstract String storeName();

    /** Runs a statement on the database itself; {@code rapidbyte.} stands before the names of tables. */
    abstract void execute(String sql) throws SQLException;

    @BeforeEach
    void open() {
        store = StateStores.open(location());
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void theStoreHasAName() {
        assertThat(StateStores.describe(location()), is(storeName()));
    }

    @Test
    void whatWasWrittenIsThereWhenItIsOpenedAgain() {
        store.begin(run("shop", "r1"));
        store.close();

        Optional<StateStore> again = StateStores.openExisting(location());
        assertThat(again.isPresent(), is(true));
        store = again.get();

        assertThat(store.runs("shop", 10), contains(run("shop", "r1")));
        assertThat(store.run("r1"), is(Optional.of(run("shop", "r1"))));
        assertThat(store.run("r2"), is(Optional.empty()));
    }

    @Test
    void aStoreThatWasClosedOpensItselfAgain() {
        store.close();

        store.begin(run("shop", "r1"));

        assertThat(store.runs("shop", 10), hasSize(1));
    }

    @Test
    void aStoreOfANewerVersionIsRefused() throws SQLException {
        execute("INSERT INTO rapidbyte.migrations VALUES (7, '2026-01-01 00:00:00Z')");

        StateException refused = assertThrows(StateException.class, () -> StateStores.open(location()));

        assertThat(refused.isMisconfigured(), is(true));
        assertThat(
                refused.getMessage(),
                is("A newer version of Rapidbyte has written " + storeName()
                        + ": its tables are of version 7, and this one knows them up to version 2."
                        + " Use the newer one, or name another store in state.connection."));
    }

    @Test
    void aRunThatBeginsInterruptsThoseThatSeemToGoOn() {
        store.begin(run("shop", "r1"));
        store.end(ended("shop", "r1", RunStatus.DONE));
        store.begin(run("shop", "r2"));
        store.begin(run("other", "o1"));

        Instant before = Instant.now();
        store.begin(run("shop", "r3"));

        assertThat(store.runs("shop", 10).stream().map(RunRecord::runId).toList(), contains("r3", "r2", "r1"));
        assertThat(
                store.runs("shop", 10).stream().map(RunRecord::status).toList(),
                contains(RunStatus.RUNNING, RunStatus.INTERRUPTED, RunStatus.DONE));
        assertThat(
                store.run("r2").orElseThrow().ended(),
                allOf(greaterThanOrEqualTo(before.minusMillis(1)), lessThanOrEqualTo(Instant.now())));
        assertThat(store.run("o1").orElseThrow().status(), is(RunStatus.RUNNING));
        assertThat(store.runs("shop", 2), hasSize(2));
    }

    @Test
    void whatIsSaidTwiceIsStoredOnce() {
        store.begin(run("shop", "r1"));
        store.begin(run("shop", "r1"));

        assertThat(store.runs("shop", 10), contains(run("shop", "r1")));
    }

    @Test
    void theFirstWordAboutTheEndOfARunHolds() {
        store.begin(run("shop", "r1"));
        RunRecord failed = new RunRecord(
                "r1", "shop", RunStatus.FAILED, "direct", STARTED, STARTED.plusMillis(5), "broken", "It's \"broken\".");
        store.end(failed);
        store.end(ended("shop", "r1", RunStatus.DONE));

        assertThat(store.run("r1"), is(Optional.of(failed)));
    }

    @Test
    void anUnknownRunCannotEnd() {
        StateException refused =
                assertThrows(StateException.class, () -> store.end(ended("shop", "r1", RunStatus.DONE)));

        assertThat(refused.getMessage(), containsString("Nothing is known of run r1 in " + storeName()));
    }

    @Test
    void aPlanIsThereAsItWasGiven() {
        StreamRun plan = new StreamRun(
                "r1",
                "shop.\"Öl\"",
                StreamStatus.BEGUN,
                "r0",
                "f",
                "append",
                "{\"a\":\"'\"}",
                3,
                1,
                2,
                3,
                4,
                5.5,
                "c",
                "m");
        store.begin(run("shop", "r1"));
        store.plan("shop", plan);

        assertThat(store.streams("r1"), contains(plan));
        assertThat(store.unfinished("shop"), contains(plan));
        assertThat(store.unfinished("other"), empty());
    }

    @Test
    void aPlanReplacesTheRunsOwnAndGivesUpWhatEarlierRunsBegan() {
        store.begin(run("shop", "r1"));
        store.plan("shop", begun("r1", "orders"));
        store.plan("shop", begun("r1", "users"));
        store.plan("shop", begun("r1", "items"));
        store.complete("r1", completed("items", 5, "2026"));
        store.begin(run("shop", "r2"));
        store.plan("shop", begun("r2", "orders"));
        StreamRun anew = stream("r2", "orders", StreamStatus.FAILED);
        store.plan("shop", anew);

        assertThat(statuses("r1"), is("items DONE, orders GIVEN_UP, users BEGUN"));
        assertThat(store.streams("r2"), contains(anew));
        assertThat(store.unfinished("shop"), contains(anew, begun("r1", "users")));
    }

    @Test
    void aStreamOfTheSameNameInAnotherPipelineIsLeftAlone() {
        store.begin(run("other", "o1"));
        store.plan("other", begun("o1", "orders"));
        store.begin(run("shop", "r1"));
        store.plan("shop", begun("r1", "orders"));
        store.reset("shop", null);

        assertThat(statuses("o1"), is("orders BEGUN"));
    }

    @Test
    void aRunWhosePlaceWasTakenPlansNothing() {
        store.begin(run("shop", "r1"));
        store.begin(run("shop", "r2"));

        StateException refused = assertThrows(StateException.class, () -> store.plan("shop", begun("r1", "orders")));

        assertThat(
                refused.getMessage(),
                is(
                        "Run r1 of pipeline shop does not go on any more, it is interrupted in " + storeName()
                                + ": another run has taken its place, or it was ended. Nothing of its stream orders was stored."));
        assertThat(store.streams("r1"), empty());
    }

    @Test
    void aCompleteStreamHasItsCountsAndItsPosition() {
        store.begin(run("shop", "r1"));
        store.plan("shop", begun("r1", "orders"));

        store.complete("r1", completed("orders", 5, "2026-07-25 10:00:00+00"));

        StreamRun done = store.streams("r1").get(0);
        assertThat(done.status(), is(StreamStatus.DONE));
        assertThat(List.of(done.rows(), done.refused(), done.bytes()), contains(5L, 2L, 1000L));
        StreamPosition position = store.positions("shop").get(0);
        assertThat(
                position,
                is(new StreamPosition(
                        "shop",
                        "orders",
                        position("2026-07-25 10:00:00+00"),
                        "updated_at",
                        "timestamptz",
                        "2026-07-25 10:00:00+00",
                        route("shop"),
                        "r1",
                        position.updated())));
        assertThat(position.updated(), lessThanOrEqualTo(Instant.now()));
        assertThat(store.unfinished("shop"), empty());
        assertThat(store.positions("other"), empty());
    }

    @Test
    void theNextPositionTakesThePlaceOfTheLast() {
        complete("r1", completed("orders", 5, "1"));
        complete("r2", completed("orders", 6, "2"));

        assertThat(store.positions("shop"), hasSize(1));
        assertThat(store.positions("shop").get(0).cursorValue(), is("2"));
        assertThat(store.positions("shop").get(0).runId(), is("r2"));
    }

    @Test
    void withoutAPositionTheLastOneStays() {
        complete("r1", completed("orders", 5, "1"));
        complete("r2", new CompletedStream("orders", 0, 0, 0, null, "updated_at", route("other")));

        assertThat(store.positions("shop").get(0).runId(), is("r1"));
        assertThat(store.positions("shop").get(0).route(), is(route("shop")));
        assertThat(statuses("r2"), is("orders DONE"));
    }

    @Test
    void aPositionIsReroutedAndStaysWhereItWas() {
        complete("r1", completed("orders", 5, "1"));
        complete("r2", completed("items", 5, "1"));
        StreamPosition before = store.positions("shop").get(1);

        store.reroute("shop", "orders", route("moved"));
        store.reroute("shop", "unknown", route("moved"));
        store.reroute("other", "orders", route("moved"));

        assertThat(store.positions("shop"), hasSize(2));
        assertThat(store.positions("shop").get(0).route(), is(route("shop")));
        StreamPosition after = store.positions("shop").get(1);
        assertThat(after.route(), is(route("moved")));
        assertThat(
                List.of(after.position(), after.cursorValue(), after.runId(), after.updated()),
                is(List.of(before.position(), before.cursorValue(), before.runId(), before.updated())));
    }

    @Test
    void aStoreOfTheFirstVersionIsBroughtUpToDateAndKeepsWhatItHas() throws SQLException {
        complete("r1", completed("orders", 5, "1"));
        store.close();
        execute("ALTER TABLE rapidbyte.positions DROP COLUMN route");
        execute("DELETE FROM rapidbyte.migrations WHERE version = 2");

        store = StateStores.openExisting(location()).orElseThrow();

        StreamPosition old = store.positions("shop").get(0);
        assertThat(old.cursorValue(), is("1"));
        assertThat(old.route(), is(nullValue()));
        assertThat(statuses("r1"), is("orders DONE"));
        complete("r2", completed("orders", 5, "2"));
        assertThat(store.positions("shop").get(0).route(), is(route("shop")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{\"lsn\":\"0/16B3748\"}", "[1]", "{\"cursor\":7}", "{\"cursor\":{\"type\":1}}", "not JSON", "{}"
            })
    void aPositionOfAnotherFormIsAsGood(String position) {
        complete("r1", new CompletedStream("orders", 5, 0, 10, position, "seq", null));

        StreamPosition stored = store.positions("shop").get(0);
        assertThat(stored.position(), is(position));
        assertThat(stored.cursorField(), is("seq"));
        assertThat(stored.cursorType(), is(nullValue()));
        assertThat(stored.cursorValue(), is(nullValue()));
    }

    @Test
    void aRunWhosePlaceWasTakenCompletesNothing() {
        complete("r0", completed("orders", 5, "1"));
        store.begin(run("shop", "r1"));
        store.plan("shop", begun("r1", "orders"));
        store.begin(run("shop", "r2"));

        StateException refused =
                assertThrows(StateException.class, () -> store.complete("r1", completed("orders", 9, "9")));

        assertThat(refused.isMisconfigured(), is(false));
        assertThat(refused.getMessage(), containsString("Run r1 of pipeline shop does not go on any more"));
        assertThat(statuses("r1"), is("orders BEGUN"));
        assertThat(store.positions("shop").get(0).cursorValue(), is("1"));
    }

    @Test
    void aStreamIsCompletedOnce() {
        complete("r1", completed("orders", 5, "1"));
        store.end(ended("shop", "r1", RunStatus.DONE));

        store.complete("r1", completed("orders", 6, "2"));

        assertThat(store.streams("r1").get(0).rows(), is(5L));
        assertThat(store.positions("shop").get(0).cursorValue(), is("1"));
    }

    @Test
    void whatWasNeverPlannedOrIsGivenUpIsNotCompleted() {
        store.begin(run("shop", "r1"));
        StateException unplanned =
                assertThrows(StateException.class, () -> store.complete("r1", completed("orders", 5, "1")));
        assertThat(
                unplanned.getMessage(),
                is("Stream orders of run r1 cannot be completed in " + storeName()
                        + ": it was never planned. Its position stays as it was."));

        store.plan("shop", begun("r1", "orders"));
        store.giveUp("shop", "orders");
        StateException givenUp =
                assertThrows(StateException.class, () -> store.complete("r1", completed("orders", 5, "1")));
        assertThat(givenUp.getMessage(), containsString("it was given up, by a reset or a teardown"));
        StateException unknown =
                assertThrows(StateException.class, () -> store.complete("r9", completed("orders", 5, "1")));
        assertThat(unknown.getMessage(), containsString("Nothing is known of run r9"));
        assertThat(store.positions("shop"), empty());
    }

    @Test
    void unfinishedIsWhatTheLatestRunOfAStreamLeft() {
        store.begin(run("shop", "r1"));
        for (String each : List.of("a", "b", "c", "d")) {
            store.plan("shop", begun("r1", each));
        }
        store.begin(run("shop", "r2"));
        store.plan("shop", begun("r2", "a"));
        store.plan("shop", begun("r2", "b"));
        store.complete("r2", completed("b", 1, "1"));
        store.report(failed("r2", "a"));
        store.giveUp("shop", "c");
        store.begin(run("shop", "r3"));

        assertThat(store.unfinished("shop"), contains(failed("r2", "a"), begun("r1", "d")));

        store.giveUp("shop", null);
        assertThat(store.unfinished("shop"), empty());
    }

    @Test
    void aReportKeepsWhatIsComplete() {
        complete("r1", completed("orders", 5, "1"));
        store.report(failed("r1", "orders"));

        StreamRun stored = store.streams("r1").get(0);
        assertThat(stored.status(), is(StreamStatus.DONE));
        assertThat(stored.rows(), is(5L));
        assertThat(stored.attempts(), is(4));
        assertThat(stored.rowsRead(), is(11L));
        assertThat(stored.seconds(), is(1.25));
        assertThat(stored.errorMessage(), is("the server went away"));
        assertThrows(StateException.class, () -> store.report(begun("r1", "users")));
    }

    @Test
    void aReportRevivesNothing() {
        store.begin(run("shop", "r1"));
        store.plan("shop", begun("r1", "orders"));
        store.giveUp("shop", null);
        store.report(failed("r1", "orders"));

        assertThat(statuses("r1"), is("orders GIVEN_UP"));
    }

    @Test
    void aResetForgetsAStream() {
        complete("r1", completed("orders", 5, "1"));
        complete("r2", completed("users", 5, "1"));
        store.begin(run("shop", "r3"));
        store.plan("shop", begun("r3", "orders"));
        store.plan("shop", begun("r3", "users"));

        assertThat(store.reset("shop", "orders"), contains("orders"));

        assertThat(store.positions("shop").stream().map(StreamPosition::stream).toList(), contains("users"));
        assertThat(store.unfinished("shop"), contains(begun("r3", "users")));
        assertThat(store.reset("shop", "orders"), empty());
    }

    @Test
    void aResetForgetsAllStreams() {
        complete("r1", completed("orders", 5, "1"));
        complete("r2", completed("users", 5, "1"));
        store.begin(run("shop", "r3"));
        store.plan("shop", begun("r3", "items"));

        assertThat(store.reset("shop", null), contains("orders", "users"));

        assertThat(store.positions("shop"), empty());
        assertThat(store.unfinished("shop"), empty());
        assertThat(store.runs("shop", 10), hasSize(3));
    }

    @Test
    void theFirstRunOfWhatIsGoneOnWithIsKnown() {
        for (String runId : List.of("r1", "r2", "r3")) {
            store.begin(run("shop", runId));
            store.plan(
                    "shop", begun(runId.equals("r3") ? "r2" : runId, "orders").inRun(runId, StreamStatus.BEGUN));
        }

        assertThat(store.unfinished("shop").get(0).runId(), is("r3"));
        assertThat(store.firstRun("r2").map(RunRecord::runId), is(Optional.of("r2")));
        assertThat(store.firstRun("r3"), is(Optional.empty()));
    }

    @Test
    void deadLettersAreKeptOnceInTheirOrder() {
        store.keep(List.of());
        store.keep(List.of(letter("r1", "orders", 2), letter("r1", "orders", 1), letter("r1", "orders", 2)));
        store.keep(List.of(letter("r1", "orders", 1), letter("r1", "users", 1), letter("r2", "orders", 1)));

        assertThat(
                store.deadLetters("r1", 10),
                contains(letter("r1", "orders", 2), letter("r1", "orders", 1), letter("r1", "users", 1)));
        assertThat(store.deadLetters("r1", 1), contains(letter("r1", "orders", 2)));
        assertThat(store.deadLetterCount("r1"), is(3L));
        assertThat(store.deadLetterCount("r3"), is(0L));
    }

    @Test
    void deadLettersAreThoseOfTheBatchesARunHasWritten() {
        store.begin(run("shop", "r2"));
        StreamRun resumed = new StreamRun(
                "r2", "orders", StreamStatus.BEGUN, "r1", "f", "append", "{}", 1, 0, 0, 0, 0, 0, null, null);
        store.plan("shop", resumed);
        store.keep(List.of(letter("r1", "orders", 1), letter("r1", "users", 1), letter("r2", "orders", 2)));

        assertThat(store.deadLetters("r2", 10), contains(letter("r1", "orders", 1)));
        assertThat(store.deadLetterCount("r2"), is(1L));
    }

    @Test
    void aTextThatNoDatabaseTakesIsKeptWithoutIt() {
        StoredDeadLetter letter = new StoredDeadLetter(
                "r1", "orders", "i", "data", null, "a\0b 'ünïcode' \uD83D\uDE00 \\", null, STARTED);
        store.keep(List.of(letter));

        assertThat(store.deadLetters("r1", 1).get(0).reason(), is("a\uFFFDb 'ünïcode' \uD83D\uDE00 \\"));
        assertThat(store.deadLetters("r1", 1).get(0).code(), is(nullValue()));
    }

    @Test
    void aPipelineIsLockedByOneAtATime() {
        store.begin(run("shop", "r1"));
        try (PipelineLock lock = store.lock("shop");
                StateStore other = StateStores.open(location())) {
            assertThat(lock.isHeld(), is(true));
            for (StateStore each : List.of(store, other)) {
                PipelineBusyException busy = assertThrows(PipelineBusyException.class, () -> each.lock("shop"));
                assertThat(
                        busy.getMessage(),
                        is("Pipeline shop is running already: run r1 began at 2026-07-25 23:59:59 UTC and goes on."
                                + " Wait until it has ended, or stop it, and try again."));
            }
            PipelineLock apart = other.lock("other");
            apart.close();
            assertThat(apart.isHeld(), is(false));
            assertThat(lock.isHeld(), is(true));
            assertThrows(PipelineBusyException.class, () -> other.lock("shop"));

            lock.close();
            lock.close();
            assertThat(lock.isHeld(), is(false));
            PipelineLock next = other.lock("shop");
            assertThat(next.isHeld(), is(true));
            next.close();
        }
    }

    @Test
    void aLockBeforeAnyRunSaysSo() {
        try (PipelineLock lock = store.lock("shop")) {
            PipelineBusyException busy = assertThrows(PipelineBusyException.class, () -> store.lock("shop"));

            assertThat(lock.isHeld(), is(true));
            assertThat(busy.getMessage(), containsString("Pipeline shop is in use by another process"));
        }
    }

    @Test
    void aLockOutlivesTheStoreItCameFrom() {
        try (PipelineLock lock = store.lock("shop")) {
            store.close();

            assertThat(lock.isHeld(), is(true));
            assertThrows(PipelineBusyException.class, () -> store.lock("shop"));
        }
    }

    @Test
    void threadsAndStoresWorkOnItAtOnce() throws Exception {
        int writers = 6;
        int runs = 12;
        ExecutorService pool = Executors.newFixedThreadPool(writers);
        try (StateStore shared = StateStores.open(location())) {
            List<Future<?>> results = new ArrayList<>();
            for (int i = 0; i < writers; i++) {
                String pipeline = "p" + i;
                boolean own = i % 2 == 0;
                results.add(pool.submit(() -> {
                    StateStore used = own ? StateStores.open(location()) : shared;
                    for (int n = 0; n < runs; n++) {
                        String runId = pipeline + "-" + n;
                        used.begin(run(pipeline, runId));
                        used.plan(pipeline, begun(runId, "orders"));
                        used.keep(List.of(letter("all", pipeline, n)));
                        used.complete(runId, completed("orders", n, String.valueOf(n)));
                        used.end(ended(pipeline, runId, RunStatus.DONE));
                    }
                    if (own) {
                        used.close();
                    }
                }));
            }
            for (Future<?> each : results) {
                each.get();
            }
        } finally {
            pool.shutdownNow();
        }
        for (int i = 0; i < writers; i++) {
            assertThat(store.positions("p" + i).get(0).cursorValue(), is(String.valueOf(runs - 1)));
            assertThat(store.runs("p" + i, 100), hasSize(runs));
        }
        assertThat(store.deadLetterCount("all"), is((long) writers * runs));
    }

    @Test
    void streamsAreCompletedFromBeam() {
        store.begin(run("shop", "r1"));
        store.plan("shop", begun("r1", "orders"));
        store.plan("shop", begun("r1", "items"));
        Pipeline pipeline = Pipeline.create();
        pipeline.apply(Create.of(
                        new FinalizedStream("orders", "raw.orders", 7, 1, 70, 2, position("3")),
                        new FinalizedStream("items", "raw.items", 5, 50, 1),
                        new FinalizedStream("orders", "raw.orders", 7, 1, 70, 2, position("3"))))
                .apply(ParDo.of(new CompleteStreamFn(
                        location(), "r1", Map.of("orders", "updated_at"), Map.of("orders", route("shop")), List.of())));

        pipeline.run().waitUntilFinish();

        assertThat(statuses("r1"), is("items DONE, orders DONE"));
        assertThat(store.streams("r1").get(1).refused(), is(1L));
        assertThat(store.positions("shop"), hasSize(1));
        assertThat(store.positions("shop").get(0).cursorField(), is("updated_at"));
        assertThat(store.positions("shop").get(0).cursorValue(), is("3"));
        assertThat(store.positions("shop").get(0).route(), is(route("shop")));
    }

    @Test
    void aRunWhosePlaceWasTakenFailsOnBeam() {
        store.begin(run("shop", "r1"));
        store.plan("shop", begun("r1", "orders"));
        store.begin(run("shop", "r2"));
        Pipeline pipeline = Pipeline.create();
        pipeline.apply(Create.of(new FinalizedStream("orders", "raw.orders", 7, 70, 2)))
                .apply(ParDo.of(new CompleteStreamFn(location(), "r1", Map.of(), Map.of(), List.of())));

        Pipeline.PipelineExecutionException failed = assertThrows(
                Pipeline.PipelineExecutionException.class, () -> pipeline.run().waitUntilFinish());

        assertThat(failed.getCause().getMessage(), containsString("Run r1 of pipeline shop does not go on any more"));
        assertThat(statuses("r1"), is("orders BEGUN"));
    }

    @Test
    void deadLettersOfARepeatedRunOfTheGraphAreKeptOnce() {
        int letters = 1_200;
        for (int time = 0; time < 2; time++) {
            Pipeline pipeline = Pipeline.create();
            pipeline.apply(Create.of(IntStream.range(0, letters)
                            .mapToObj(StateStoreContract::refused)
                            .toList()))
                    .apply(ParDo.of(new KeepDeadLettersFn(location(), List.of())));
            pipeline.run().waitUntilFinish();
        }

        assertThat(store.deadLetterCount("r1"), is((long) letters));
        StoredDeadLetter first = store.deadLetters("r1", letters).stream()
                .filter(each -> each.identity().equals("dest-postgres/3/0"))
                .findFirst()
                .orElseThrow();
        assertThat(
                first,
                is(new StoredDeadLetter(
                        "r1",
                        "orders",
                        "dest-postgres/3/0",
                        "data",
                        "22003",
                        "number 0 is out of range",
                        "{\"id\":0}",
                        first.stored())));
    }

    @Test
    void whatBeamCarriesNamesNoSecret() {
        assertThat(location(), is(org.hamcrest.Matchers.instanceOf(Serializable.class)));
        assertThat(location().toString(), is(location().backend().name()));
    }

    private static DeadLetter refused(int number) {
        return DeadLetter.of(
                "r1",
                "orders",
                "dest-postgres",
                3,
                number,
                "data",
                "22003",
                "number " + number + " is out of range",
                "22003",
                "{\"id\":" + number + "}");
    }

    private static StreamRun failed(String runId, String stream) {
        return new StreamRun(
                runId,
                stream,
                StreamStatus.FAILED,
                runId,
                "f1",
                "append",
                "{\"units\":[1,2]}",
                4,
                11,
                10,
                1,
                99,
                1.25,
                "08006",
                "the server went away");
    }

    /** A whole run of one stream, but for its end. */
    private void complete(String runId, CompletedStream stream) {
        store.begin(run("shop", runId));
        store.plan("shop", begun(runId, stream.stream()));
        store.complete(runId, stream);
    }

    private String statuses(String runId) {
        return String.join(
                ", ",
                store.streams(runId).stream()
                        .map(each -> each.stream() + " " + each.status())
                        .toList());
    }
}
