// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.beam.io.DeadLetter;
import io.rapidbyte.beam.io.FinalizedStream;
import io.rapidbyte.beam.io.RunReport;
import io.rapidbyte.beam.io.StreamReport;
import io.rapidbyte.beam.io.postgres.ExactlyOnceTest.Moment;
import io.rapidbyte.beam.io.postgres.RepeatedRuns.Repetition;
import io.rapidbyte.testing.Fault;
import io.rapidbyte.testing.FaultyProxy;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.RecordPolicy;
import io.rapidbyte.wasm.WriteMode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Bad records among the rows of a run that is repeated, with several commits in a bundle: all others are in the target once, and each bad one
 * is counted once, and is one dead letter.
 */
@Timeout(120)
@Tag("faults")
class RefusedOnceTest {
    private static final int ROWS = 15_000;

    private static final List<Long> REFUSED = Stream.iterate(1L, n -> n <= ROWS, n -> n + 1)
            .filter(n -> n % 1000 == 0 || n % 1500 == 7)
            .toList();

    private TestSchema source;
    private TestSchema target;

    @BeforeEach
    void createTables() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        source.execute(
                "create table orders (id bigint not null, customer integer, note text)",
                "insert into orders select n, case when n % 1500 = 7 then -1 else n % 1000 end,"
                        + " case when n % 1000 > 0 then repeat(md5(n::text), 8) end from generate_series(1, " + ROWS
                        + ") n",
                "create table expected as select * from orders where note is not null and customer >= 0");
        // One kind is refused by what a check says, the other because it cannot be computed.
        target.execute("create table orders (id bigint not null, customer integer check (1 / (customer + 1) >= 0),"
                + " note text check (note is not null))");
    }

    @AfterEach
    void dropTables() {
        target.close();
        source.close();
    }

    static Stream<Arguments> cases() {
        return Stream.of(WriteMode.values())
                .flatMap(mode -> Stream.of(
                        Arguments.of(mode, RecordPolicy.SKIP, Moment.AFTER_THE_COMMIT, Repetition.WHOLE_RUNS),
                        Arguments.of(mode, RecordPolicy.DLQ, Moment.BEFORE_THE_COMMIT, Repetition.WHOLE_RUNS),
                        Arguments.of(mode, RecordPolicy.DLQ, Moment.AFTER_THE_COMMIT, Repetition.WHOLE_RUNS),
                        Arguments.of(mode, RecordPolicy.DLQ, Moment.AFTER_THE_END_IS_COMMITTED, Repetition.WHOLE_RUNS),
                        Arguments.of(mode, RecordPolicy.DLQ, Moment.AFTER_THE_COMMIT, Repetition.BATCH_JOBS),
                        Arguments.of(mode, RecordPolicy.DLQ, Moment.AFTER_THE_COMMIT, Repetition.CHECKPOINTS)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyRecordIsWrittenOrRefusedOnce(WriteMode mode, RecordPolicy policy, Moment moment, Repetition repetition)
            throws IOException {
        if (mode == WriteMode.UPSERT) {
            target.execute("alter table orders add primary key (id)");
        }
        try (FaultyProxy proxy = new FaultyProxy(PostgresServer.shared())) {
            AtomicInteger met = new AtomicInteger();
            // Of two bundles at the same time, one has committed before then.
            int before = moment == Moment.AFTER_THE_END_IS_COMMITTED ? 0 : 2;
            Fault fault = proxy.add(
                    moment.kind,
                    question -> moment.where.test(question) && met.incrementAndGet() > before,
                    moment.times);
            Map<String, Object> config = proxy.config(target);
            if (policy == RecordPolicy.DLQ) {
                config.put("dead_letter_table", "refused");
            }
            RepeatedRuns runs = new RepeatedRuns(repetition, source, config, mode)
                    .writing(write -> write.withDataErrorPolicy(policy))
                    .committingInsideOfBundles();

            RunReport report = runs.untilItIsThrough("orders");

            assertThat("the faults happened", fault.count(), is(moment.times));
            assertThat(differences(source, "expected", rows(), "seen"), is(empty()));
            long good = ROWS - REFUSED.size();
            assertThat(runs.finalized(), is(not(empty())));
            assertThat(runs.finalized().stream().map(FinalizedStream::rows).toList(), everyItem(is(good)));
            assertThat(runs.finalized().stream().map(FinalizedStream::refused).toList(), everyItem(is((long)
                    REFUSED.size())));
            if (repetition == Repetition.WHOLE_RUNS) {
                StreamReport orders = report.streams().get("orders");
                assertThat(runs.failures(), is(not(empty())));
                assertThat(orders.recordsWritten(), is(good));
                assertThat(orders.recordsRefused(), is((long) REFUSED.size()));
            }
            if (policy == RecordPolicy.DLQ) {
                lettersAreThereOnce(runs, repetition);
            } else {
                assertThat(runs.deadLetters(), is(empty()));
            }
        }
    }

    private void lettersAreThereOnce(RepeatedRuns runs, Repetition repetition) {
        assertThat(
                target.query("select record ->> 'id' from refused where run_id = '" + runs.runId()
                        + "' and stream = 'orders' order by (record ->> 'id')::bigint"),
                is(REFUSED.stream().map(String::valueOf).toList()));
        assertThat(target.value("select count(*) from refused"), is(String.valueOf(REFUSED.size())));
        List<Long> letters =
                runs.deadLetters().stream().map(RefusedOnceTest::id).sorted().toList();
        if (repetition == Repetition.WHOLE_RUNS) {
            assertThat(letters, is(REFUSED));
        } else {
            // What stands behind a step, and is not the runner's, sees repeated elements again.
            assertThat(List.copyOf(new TreeSet<>(letters)), is(REFUSED));
        }
    }

    private static long id(DeadLetter letter) {
        try {
            return new ObjectMapper().readTree(letter.getRecord()).path("id").asLong();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The target's rows as they are compared: without its constraints. */
    private TestSchema rows() {
        target.execute("create table seen as table orders", "alter table seen alter id set not null");
        source.execute("alter table expected alter id set not null");
        return target;
    }
}
