// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import io.rapidbyte.beam.io.FinalizedStream;
import io.rapidbyte.beam.io.RunReport;
import io.rapidbyte.beam.io.postgres.RepeatedRuns.Repetition;
import io.rapidbyte.testing.Fault;
import io.rapidbyte.testing.FaultyProxy;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.Question;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.WriteMode;
import java.io.IOException;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whenever a connection to the target ends, and whoever repeats what was not done: every row is in the target once. */
@Timeout(120)
@Tag("faults")
class ExactlyOnceTest {
    private static final int ROWS = 15_000;

    private static final String COLUMNS = "(id bigint not null, customer integer, note text)";

    private TestSchema source;
    private TestSchema target;

    /** When the connection ends. */
    enum Moment {
        BEFORE_THE_TARGET_IS_PREPARED(Fault.Kind.CUT_BEFORE, Question::commitsPreparation),
        IN_THE_MIDDLE_OF_THE_ROWS(Fault.Kind.CUT_BEFORE, question -> question.bytesOfRows() > 1_000_000),
        BEFORE_THE_COMMIT(Fault.Kind.CUT_BEFORE, Question::commitsRows),
        AFTER_THE_COMMIT(Fault.Kind.CUT_AFTER, Question::commitsRows),
        BEFORE_THE_END_IS_COMMITTED(Fault.Kind.CUT_BEFORE, Question::commitsTheEnd),
        /** Whoever repeats it finds it done, and has nothing to commit. */
        AFTER_THE_END_IS_COMMITTED(Fault.Kind.CUT_AFTER, Question::commitsTheEnd, 1);

        final Fault.Kind kind;
        final Predicate<Question> where;
        final int times;

        Moment(Fault.Kind kind, Predicate<Question> where) {
            this(kind, where, 2);
        }

        Moment(Fault.Kind kind, Predicate<Question> where, int times) {
            this.kind = kind;
            this.where = where;
            this.times = times;
        }
    }

    @BeforeEach
    void createTables() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        source.execute(
                "create table orders " + COLUMNS,
                // Several units of the source, each of which is a bundle.
                "insert into orders select n, n % 1000, repeat(md5(n::text), 8) from generate_series(1, " + ROWS
                        + ") n",
                "create table expected " + COLUMNS);
    }

    @AfterEach
    void dropTables() {
        target.close();
        source.close();
    }

    /** The target as it is before the run, and in the source what it has to be afterwards. */
    private void prepare(WriteMode mode) {
        target.execute("create table orders " + COLUMNS);
        source.execute("insert into expected table orders");
        List<String> before = mode == WriteMode.UPSERT
                ? List.of("select n, -1, 'before' from generate_series(100, 200) n", "select -7, -7, 'stays'")
                : List.of("select -7, -7, 'before'");
        before.forEach(rows -> target.execute("insert into orders " + rows));
        if (mode == WriteMode.UPSERT) {
            target.execute("alter table orders add primary key (id)");
        }
        if (mode != WriteMode.REPLACE) {
            source.execute(
                    "insert into expected select id, customer, note from " + target.quoted() + ".orders where id < 0");
        }
    }

    private List<String> identities(String run) {
        return target.query("select unit, sequence from _rapidbyte_ledger where unit >= 0 and run_id = '" + run + "'");
    }

    /** All of them where the test repeats; where Flink does, those that its repetition can be wrong about. */
    static Stream<Arguments> cases() {
        return Stream.of(WriteMode.values())
                .flatMap(mode -> Stream.of(Moment.values())
                        .flatMap(moment -> Stream.of(Repetition.values())
                                .filter(repetition -> repeats(repetition, moment))
                                .map(repetition -> Arguments.of(mode, moment, repetition))));
    }

    private static boolean repeats(Repetition repetition, Moment moment) {
        return switch (repetition) {
            case WHOLE_RUNS -> true;
            case CHECKPOINTS -> moment != Moment.IN_THE_MIDDLE_OF_THE_ROWS;
            case BATCH_JOBS ->
                moment == Moment.BEFORE_THE_COMMIT
                        || moment == Moment.AFTER_THE_COMMIT
                        || moment == Moment.AFTER_THE_END_IS_COMMITTED;
        };
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyRowIsThereOnce(WriteMode mode, Moment moment, Repetition repetition) throws IOException {
        prepare(mode);
        try (FaultyProxy proxy = new FaultyProxy(PostgresServer.shared())) {
            Fault fault = proxy.add(moment.kind, moment.where, moment.times);
            RepeatedRuns runs = new RepeatedRuns(repetition, source, proxy.config(target), mode);
            if (repetition == Repetition.BATCH_JOBS) {
                // There a bundle is all that a task is given: so that there is a second commit when the first is known.
                runs.committingInsideOfBundles();
            }

            RunReport report = runs.untilItIsThrough("orders");

            assertThat("the faults happened", fault.count(), is(moment.times));
            assertThat(differences(source, "expected", target, "orders"), is(empty()));
            // Known until another run of the stream has ended: a runner may start again from before the end.
            assertThat(identities(runs.runId()), is(not(empty())));
            assertThat(runs.finalized(), is(not(empty())));
            assertThat(runs.finalized().stream().map(FinalizedStream::rows).toList(), everyItem(is((long) ROWS)));
            if (repetition == Repetition.WHOLE_RUNS) {
                assertThat(runs.failures(), is(not(empty())));
                assertThat(report.streams().get("orders").recordsWritten(), is((long) ROWS));
            }
        }
    }

    /** The identities of a run that has ended do not make a run with another id do nothing. */
    @Test
    void anotherRunWritesTheSameRowsAgain() {
        prepare(WriteMode.APPEND);
        for (int run = 0; run < 2; run++) {
            new RepeatedRuns(Repetition.WHOLE_RUNS, source, target.config(), WriteMode.APPEND)
                    .untilItIsThrough("orders");
        }
        source.execute("insert into expected table orders");
        assertThat(differences(source, "expected", target, "orders"), is(empty()));
    }
}
