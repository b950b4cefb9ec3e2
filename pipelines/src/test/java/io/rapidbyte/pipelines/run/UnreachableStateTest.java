// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.pipelines.state.StateDatabase;
import io.rapidbyte.pipelines.state.StateLocation;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StateStores;
import io.rapidbyte.pipelines.state.StreamStatus;
import io.rapidbyte.testing.Fault;
import io.rapidbyte.testing.FaultyProxy;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.Question;
import io.rapidbyte.testing.TestSchema;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The server of the state is away for a moment, just when something has to be written down of a stream whose rows are committed. */
@Tag("faults")
@Timeout(120)
class UnreachableStateTest {
    /** A store makes a lost connection again by itself, once: a moment is longer. */
    private static final int CUTS = 3;

    private static final Predicate<Question> COMPLETES =
            question -> question.sql().contains("SET status = $1, rows_written");

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
                "create table events as select n as id, md5(n::text) as note from generate_series(1, 1000) n",
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
    void aCompleteStreamIsWrittenDownWhenTheStoreIsBack(String writeMode) {
        Fault away = proxy.add(Fault.Kind.CUT_BEFORE, COMPLETES, CUTS);

        RunSummary summary = PipelineRun.run(pipeline(writeMode, 3, ""), options());

        assertThat(away.count(), is(CUTS));
        assertThat(summary.streams().get(0).attempts(), is(1));
        assertThat(differences(source, "events", target, "events"), empty());
        try (StateStore store = StateStores.open(state.location())) {
            assertThat(store.unfinished("tested"), empty());
            assertThat(store.positions("tested"), hasSize(writeMode.equals("replace") ? 0 : 1));
        }
    }

    /** As behind a firewall that drops what it is sent without a word: who waits for an answer gives up and asks again. */
    @Test
    void aStoreThatSaysNothingAnyMoreIsOneThatIsAway() {
        Fault silent = proxy.add(Fault.Kind.HOLD, COMPLETES, CUTS);

        RunSummary summary = PipelineRun.run(pipeline("append", 3, ""), options("&socketTimeout=2"));

        assertThat(silent.count(), is(CUTS));
        assertThat(summary.streams().get(0).attempts(), is(1));
        assertThat(differences(source, "events", target, "events"), empty());
        try (StateStore store = StateStores.open(state.location())) {
            assertThat(store.positions("tested"), hasSize(1));
        }
    }

    @Test
    void deadLettersAreKeptWhenTheStoreIsBack() {
        target.execute("create table events (id integer primary key check (id <> 77), note text)");
        Fault away = proxy.add(
                Fault.Kind.CUT_BEFORE, question -> question.sql().contains("INTO rapidbyte.dead_letters"), CUTS);

        RunSummary summary = PipelineRun.run(pipeline("append", 3, ", on_data_error: dlq"), options());

        assertThat(away.count(), is(CUTS));
        assertThat(summary.streams().get(0).attempts(), is(1));
        try (StateStore store = StateStores.open(state.location())) {
            assertThat(store.deadLetterCount(summary.runId()), is(1L));
        }
    }

    @Test
    void aStoreThatStaysAwayFailsTheStreamAndTheNextRunFindsItComplete() {
        Fault away = proxy.add(Fault.Kind.CUT_BEFORE, COMPLETES, 1000);

        StreamsFailedException failure =
                assertThrows(StreamsFailedException.class, () -> PipelineRun.run(pipeline("append", 1, ""), options()));

        assertThat("tried and made again, two times", away.count(), is(4));
        assertThat(failure.failures().get("events").toString(), containsString("does not answer"));
        proxy.behave();

        assertThat(PipelineRun.run(pipeline("append", 1, ""), options()).isDone(), is(true));

        assertThat(differences(source, "events", target, "events"), empty());
        try (StateStore store = StateStores.open(state.location())) {
            assertThat(store.positions("tested"), hasSize(1));
            assertThat(
                    store.streams(store.runs("tested", 1).get(0).runId()).get(0).status(), is(StreamStatus.DONE));
        }
    }

    private PreparedPipeline pipeline(String writeMode, int retries, String more) {
        String mode = writeMode.equals("replace") ? "full_refresh" : "incremental, cursor_field: id";
        return TestPipelines.between(
                source,
                target,
                "[{name: events, sync_mode: " + mode + "}]",
                "write_mode: " + writeMode + ", primary_key: [id]" + more,
                "max_retries: " + retries);
    }

    private RunOptions options() {
        return options("");
    }

    private RunOptions options(String more) {
        PostgresServer server = PostgresServer.shared();
        String through = state.url(PostgresServer.USER, PostgresServer.PASSWORD)
                .replace("@" + server.host() + ":" + server.port() + "/", "@127.0.0.1:" + proxy.port() + "/");
        return new RunOptions(RunnerKind.DIRECT, ProgressListener.NONE)
                .withState(new StateLocation(StateLocation.Backend.POSTGRES, through + "?sslmode=disable" + more))
                .withBackoff(new Backoff(Duration.ZERO, Duration.ZERO));
    }
}
