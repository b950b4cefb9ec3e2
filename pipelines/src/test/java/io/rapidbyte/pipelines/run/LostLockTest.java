// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.instanceOf;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import io.rapidbyte.pipelines.state.RunStatus;
import io.rapidbyte.pipelines.state.StateDatabase;
import io.rapidbyte.pipelines.state.StateException;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StateStores;
import io.rapidbyte.testing.Fault;
import io.rapidbyte.testing.FaultyProxy;
import io.rapidbyte.testing.OwnThread;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run that has lost the lock of its pipeline ends, since another one may have begun, and leaves what can be gone on with. */
@Tag("faults")
@Timeout(120)
class LostLockTest {
    private static final String END_HOLDER_OF_LOCK =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rapidbyte lock'";

    private TestSchema source;
    private TestSchema target;
    private StateDatabase state;
    private FaultyProxy proxy;

    @BeforeEach
    void createTables() throws IOException {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        state = StateDatabase.create();
        proxy = new FaultyProxy(PostgresServer.shared());
        source.execute(
                "create table events as select n as id, md5(n::text) as note from generate_series(1, 20000) n",
                "alter table events add primary key (id)");
    }

    @AfterEach
    void dropTables() throws IOException {
        proxy.close();
        state.close();
        target.close();
        source.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"append", "replace", "upsert"})
    void theRunEndsAndTheNextOneCompletesIt(String writeMode) throws InterruptedException, TimeoutException {
        AtomicInteger commits = new AtomicInteger();
        // In the midst of the stream: some is committed, and what comes next hangs for ever.
        Fault hanging = proxy.add(
                Fault.Kind.HOLD,
                question -> {
                    if (question.commitsRows()) {
                        commits.incrementAndGet();
                    }
                    return commits.get() >= 3 && question.isRows();
                },
                1000);
        // The server keeps what the session that hangs has locked until it sees that nobody is there any more: the run
        // does not wait for that in vain.
        proxy.add(
                Fault.Kind.HOLD,
                question -> {
                    if (question.sql().contains("DROP TABLE")) {
                        hanging.release();
                    }
                    return false;
                },
                1);
        CompletableFuture<RunSummary> run =
                CompletableFuture.supplyAsync(() -> PipelineRun.run(pipeline(writeMode), options()), OwnThread.EACH);
        hanging.awaitReached();

        state.execute(END_HOLDER_OF_LOCK);

        Throwable failure = failure(run);
        assertThat(failure, is(instanceOf(StateException.class)));
        assertThat(
                failure.getMessage(),
                is("The run was ended because it has lost the lock of pipeline tested, and another run may have begun."
                        + " Run it again: it goes on with what is left."));
        try (StateStore store = StateStores.open(state.location())) {
            assertThat(store.runs("tested", 1).get(0).status(), is(RunStatus.FAILED));
            assertThat(store.positions("tested"), empty());
            assertThat(store.unfinished("tested"), is(not(empty())));
        }
        if (writeMode.equals("append")) {
            assertThat(
                    "the target has what its ledger says",
                    target.value("select count(*) from events"),
                    is(target.value("select sum(row_count) from _rapidbyte_ledger where unit >= 0")));
        }
        proxy.behave();
        hanging.release();

        RunSummary next = PipelineRun.run(pipeline(writeMode), options());

        assertThat(next.isDone(), is(true));
        assertThat(next.streams().get(0).resumed(), is(writeMode.equals("append")));
        assertThat(differences(source, "events", target, "events"), empty());
        assertThat(target.relations(), contains("events"));
    }

    private static Throwable failure(CompletableFuture<RunSummary> run) throws InterruptedException, TimeoutException {
        try {
            throw new AssertionError("the run ended well: " + run.get(1, TimeUnit.MINUTES));
        } catch (ExecutionException e) {
            return e.getCause();
        }
    }

    private PreparedPipeline pipeline(String writeMode) {
        String mode = writeMode.equals("replace") ? "full_refresh" : "incremental, cursor_field: id";
        return TestPipelines.between(
                source,
                PostgresServer.shared().port(),
                target,
                proxy.port(),
                "[{name: events, sync_mode: " + mode + "}]",
                "write_mode: " + writeMode + ", primary_key: [id]",
                "parallelism: 1, checkpoint_interval_rows: 1000, max_batch_bytes: 64kb, max_retries: 0");
    }

    private RunOptions options() {
        return new RunOptions(RunnerKind.DIRECT, ProgressListener.NONE)
                .withState(state.location())
                .withLockDistance(Duration.ZERO);
    }
}
