// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import io.rapidbyte.beam.io.RunReport;
import io.rapidbyte.beam.io.postgres.RepeatedRuns.Repetition;
import io.rapidbyte.testing.Fault;
import io.rapidbyte.testing.FaultyProxy;
import io.rapidbyte.testing.OwnThread;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.Question;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.Limits;
import io.rapidbyte.wasm.RecordPolicy;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.SyncMode;
import io.rapidbyte.wasm.WriteMode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Two runs that write into one table at the same time, each of which loses a commit: neither doubles, loses or undoes a row of the other. */
@Timeout(120)
class ConcurrentRunsTest {
    private static final String COLUMNS = "(id bigint not null, version bigint, note text)";

    private TestSchema source;
    private TestSchema other;
    private TestSchema target;
    private FaultyProxy proxy;
    private FaultyProxy otherProxy;

    @BeforeEach
    void createTables() throws IOException {
        source = PostgresServer.shared().newSchema();
        other = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        proxy = new FaultyProxy(PostgresServer.shared());
        otherProxy = new FaultyProxy(PostgresServer.shared());
        source.execute("create table orders " + COLUMNS, "create table expected " + COLUMNS);
        other.execute("create table orders " + COLUMNS);
        target.execute("create table orders " + COLUMNS);
    }

    @AfterEach
    void dropTables() throws IOException {
        otherProxy.close();
        proxy.close();
        target.close();
        other.close();
        source.close();
    }

    /** Fills the table of a source; the versions of two sources are never the same. */
    private void fill(TestSchema schema, int from, int to, String note) {
        schema.execute(
                "insert into orders select n, 2 * (n * " + (schema == source ? "7919 % 10007)" : "6007 % 10009) + 1")
                        + ", " + note + " from generate_series(" + from + ", " + to + ") n");
    }

    private RepeatedRuns runs(TestSchema from, FaultyProxy through, WriteMode mode) {
        Map<String, Object> config = through.config(target);
        config.put("application_name", nameOf(from));
        return new RepeatedRuns(Repetition.WHOLE_RUNS, from, config, mode);
    }

    private static String nameOf(TestSchema from) {
        return "from_" + from.name();
    }

    private static CompletableFuture<RunReport> start(RepeatedRuns runs, StreamSpec stream) {
        return CompletableFuture.supplyAsync(() -> runs.untilItIsThrough(stream), OwnThread.EACH);
    }

    private static long written(CompletableFuture<RunReport> run) {
        return run.join().streams().get("orders").recordsWritten();
    }

    /** Both have rows in an open transaction before either may commit, and both are repeated. */
    @ParameterizedTest
    @EnumSource(names = "REPLACE", mode = EnumSource.Mode.EXCLUDE)
    void rowsOfTheirOwn(WriteMode mode) {
        fill(source, 1, 15_000, "repeat(md5(n::text), 8)");
        fill(other, 15_001, 30_000, "repeat(md5(n::text), 8)");
        source.execute("insert into expected table orders", "insert into expected table " + other.quoted() + ".orders");
        if (mode == WriteMode.UPSERT) {
            target.execute("alter table orders add primary key (id)");
        }
        Fault held = proxy.add(Fault.Kind.HOLD, Question::commitsRows, 1);
        Fault otherHeld = otherProxy.add(Fault.Kind.HOLD, Question::commitsRows, 1);
        Fault cut = proxy.add(Fault.Kind.CUT_AFTER, Question::commitsRows, 1);
        Fault otherCut = otherProxy.add(Fault.Kind.CUT_BEFORE, Question::commitsRows, 1);

        CompletableFuture<RunReport> one = start(runs(source, proxy, mode), StreamSpec.of("orders"));
        CompletableFuture<RunReport> two = start(runs(other, otherProxy, mode), StreamSpec.of("orders"));
        held.awaitReached();
        otherHeld.awaitReached();
        held.release();
        otherHeld.release();

        assertThat(written(one), is(15_000L));
        assertThat(written(two), is(15_000L));
        assertThat(cut.count() + otherCut.count(), is(2));
        assertThat(differences(source, "expected", target, "orders"), is(empty()));
    }

    /**
     * The second run waits for the rows that the first has merged. When the first one's commit is lost on its way, its rows come after those
     * of the second; when just the answer is, they came before, and are not merged again on top of them.
     */
    @ParameterizedTest
    @CsvSource({"CUT_BEFORE, false", "CUT_AFTER, false", "CUT_BEFORE, true", "CUT_AFTER, true"})
    void rowsOfTheSameKeys(Fault.Kind kind, boolean hasCursor) {
        fill(source, 1, 500, "'one'");
        fill(other, 251, 750, "'two'");
        String wins = kind == Fault.Kind.CUT_BEFORE ? "note = 'one'" : "note = 'two'";
        source.execute(
                "insert into expected select distinct on (id) id, version, note from (table orders union all table "
                        + other.quoted() + ".orders) o order by id, " + (hasCursor ? "version desc" : wins + " desc"));
        target.execute("alter table orders add primary key (id)");
        StreamSpec stream = StreamSpec.of("orders");
        if (hasCursor) {
            stream = stream.withSyncMode(SyncMode.INCREMENTAL).withCursor("version", "id");
        }
        Fault held = proxy.add(Fault.Kind.HOLD, Question::commitsRows, 1);
        Fault cut = proxy.add(kind, Question::commitsRows, 1);
        Fault otherCut = otherProxy.add(Fault.Kind.CUT_AFTER, Question::commitsRows, 1);

        RepeatedRuns runs = runs(source, proxy, WriteMode.UPSERT);
        CompletableFuture<RunReport> two = new CompletableFuture<>();
        runs.beforeRepetition(two::join);
        CompletableFuture<RunReport> one = start(runs, stream);
        held.awaitReached();
        start(runs(other, otherProxy, WriteMode.UPSERT), stream).whenComplete((report, failure) -> {
            if (failure == null) {
                two.complete(report);
            } else {
                two.completeExceptionally(failure);
            }
        });
        awaitLock(nameOf(other));
        held.release();

        assertThat(written(one), is(500L));
        assertThat(written(two), is(500L));
        assertThat(cut.count() + otherCut.count(), is(2));
        assertThat(differences(source, "expected", versions(target), "seen"), is(empty()));
    }

    /** In many transactions each, that meet in whichever order. */
    @Test
    void rowsOfTheSameKeysInManyCommits() {
        fill(source, 1, 15_000, "repeat(md5(n::text), 8)");
        fill(other, 1, 15_000, "repeat(md5((-n)::text), 8)");
        source.execute(
                "insert into expected select distinct on (id) id, version, note from (table orders union all table "
                        + other.quoted() + ".orders) o order by id, version desc");
        target.execute("alter table orders add primary key (id)");
        StreamSpec stream =
                StreamSpec.of("orders").withSyncMode(SyncMode.INCREMENTAL).withCursor("version", "id");
        Fault cut = proxy.add(Fault.Kind.CUT_AFTER, Question::commitsRows, 2);
        Fault otherCut = otherProxy.add(Fault.Kind.CUT_BEFORE, Question::commitsRows, 2);

        RepeatedRuns runs = runs(source, proxy, WriteMode.UPSERT).committingInsideOfBundles();
        RepeatedRuns otherRuns = runs(other, otherProxy, WriteMode.UPSERT).committingInsideOfBundles();
        CompletableFuture<RunReport> one = start(runs, stream);
        CompletableFuture<RunReport> two = start(otherRuns, stream);

        assertThat(written(one), is(15_000L));
        assertThat(written(two), is(15_000L));
        assertThat(cut.count() + otherCut.count(), is(4));
        assertThat(differences(source, "expected", versions(target), "seen"), is(empty()));
        for (RepeatedRuns each : new RepeatedRuns[] {runs, otherRuns}) {
            assertThat(
                    "no deadlock",
                    each.failures().stream()
                            .map(failure -> failure.error().code())
                            .toList(),
                    not(hasItem("40P01")));
        }
    }

    /**
     * With bad records among them each batch is merged by itself, and a transaction has several: one that meets another's rows in another order
     * may be ended by the server, and is repeated like any other that was.
     */
    @Test
    void rowsOfTheSameKeysInAnotherOrderWithBadRecordsAmongThem() {
        fill(source, 1, 15_000, "repeat(md5(n::text), 8)");
        fill(other, 1, 15_000, "repeat(md5((-n)::text), 8)");
        String good = "where id % 1000 > 0 order by id";
        source.execute(
                "insert into expected select distinct on (id) id, version, note from (table orders union all table "
                        + other.quoted() + ".orders) o " + good + ", version desc");
        other.execute(
                "create table backwards as select * from orders order by id desc",
                "drop table orders",
                "alter table backwards rename to orders");
        target.execute("alter table orders add primary key (id)", "alter table orders add check (id % 1000 > 0)");
        Fault cut = proxy.add(Fault.Kind.CUT_AFTER, Question::commitsRows, 1);
        Fault otherCut = otherProxy.add(Fault.Kind.CUT_AFTER, Question::commitsRows, 1);
        RepeatedRuns runs = leavingOutBadRecords(runs(source, proxy, WriteMode.UPSERT));
        RepeatedRuns otherRuns = leavingOutBadRecords(runs(other, otherProxy, WriteMode.UPSERT));
        StreamSpec stream =
                StreamSpec.of("orders").withSyncMode(SyncMode.INCREMENTAL).withCursor("version", "id");
        CompletableFuture<RunReport> one = start(runs, stream);
        CompletableFuture<RunReport> two = start(otherRuns, stream);

        for (CompletableFuture<RunReport> each : List.of(one, two)) {
            assertThat(written(each), is(15_000L - 15));
            assertThat(each.join().streams().get("orders").recordsRefused(), is(15L));
        }
        assertThat(cut.count() + otherCut.count(), is(2));
        assertThat(differences(source, "expected", versions(target), "seen"), is(empty()));
    }

    private static RepeatedRuns leavingOutBadRecords(RepeatedRuns runs) {
        return runs.reading(read -> read.withLimits(Limits.defaults().withMaxBatchRows(400)))
                .writing(write -> write.withDataErrorPolicy(RecordPolicy.SKIP));
    }

    /** As its table is compared: without the key, which the expected rows have not. */
    private static TestSchema versions(TestSchema schema) {
        schema.execute("create table seen " + COLUMNS, "insert into seen table orders");
        return schema;
    }

    /** Asks until a session of an application waits for another; the test's time limit ends it. */
    private void awaitLock(String application) {
        while (target.value(
                        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and application_name = '"
                                + application + "'")
                .equals("0")) {
            assertThat("interrupted by the time limit", Thread.currentThread().isInterrupted(), is(false));
        }
    }
}
