// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.pipelines.state.StateLocation;
import io.rapidbyte.testing.Fault;
import io.rapidbyte.testing.FaultyProxy;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.Question;
import io.rapidbyte.testing.TestSchema;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What fails for a passing reason is tried again, and only that. */
class RetryTest {
    private static final Backoff AT_ONCE = new Backoff(Duration.ZERO, Duration.ZERO);

    @TempDir
    private Path folder;

    private TestSchema source;
    private TestSchema target;
    private FaultyProxy proxy;
    private final List<String> notes = new CopyOnWriteArrayList<>();

    @BeforeEach
    void createSchemas() throws IOException {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        proxy = new FaultyProxy(PostgresServer.shared());
        source.execute("create table events as select n as id, md5(n::text) as note from generate_series(1, 20000) n");
        source.execute("alter table events add primary key (id)");
    }

    @AfterEach
    void dropSchemas() throws IOException {
        proxy.close();
        target.close();
        source.close();
    }

    @ParameterizedTest
    @CsvSource({"append", "upsert", "replace"})
    void aCommitThatIsLostIsMadeAgainAndNothingIsDoubled(String writeMode) {
        Fault lost = proxy.add(Fault.Kind.CUT_AFTER, Question::isCommit, 2);

        RunSummary summary = PipelineRun.run(toProxy(writeMode, 3), options());

        assertThat(lost.count(), is(2));
        assertThat(differences(source, "events", target, "events"), empty());
        assertThat(summary.streams().get(0).rows(), is(20_000L));
        assertThat(summary.streams().get(0).attempts() > 1, is(true));
        assertThat(notes, everyItem(containsString("Trying again in")));
    }

    @Test
    void aSourceThatIsCutOffIsReadAgain() {
        Fault cut = proxy.add(Fault.Kind.CUT_BEFORE, question -> question.sql().contains("COPY"), 1);

        RunSummary summary = PipelineRun.run(fromProxy(), options());

        assertThat(cut.count(), is(1));
        assertThat(differences(source, "events", target, "events"), empty());
        assertThat(summary.streams().get(0).attempts(), is(2));
        assertThat(notes, hasSize(1));
        assertThat(notes.get(0), containsString("(1 of 3)"));
    }

    @Test
    void retriesEndWhenThereHaveBeenAsManyAsAreAllowed() {
        Fault always =
                proxy.add(Fault.Kind.CUT_BEFORE, question -> question.sql().contains("COPY"), 1000);

        StreamsFailedException failure =
                assertThrows(StreamsFailedException.class, () -> PipelineRun.run(toProxy("append", 2), options()));

        assertThat(failure.summary().streams().get(0).attempts(), is(3));
        assertThat(notes, hasSize(2));
        assertThat(always.count() >= 3, is(true));
        proxy.behave();
    }

    @Test
    void retriesEndAlsoWhenTheSourceStaysAway() {
        AtomicBoolean gone = new AtomicBoolean();
        proxy.add(
                Fault.Kind.CUT_BEFORE,
                question -> {
                    if (question.sql().contains("COPY")) {
                        gone.set(true);
                    }
                    return gone.get();
                },
                1000);

        StreamsFailedException failure =
                assertThrows(StreamsFailedException.class, () -> PipelineRun.run(fromProxy(), options()));

        assertThat(notes, hasSize(3));
        assertThat(notes.get(2), containsString("(3 of 3)"));
        assertThat(failure.summary().streams().get(0).status(), is(RunProgress.Status.FAILED));
    }

    @Test
    void whatIsWrongWithTheDataIsNotTriedAgain() {
        target.execute("create table events (id integer primary key check (id <> 77), note text)");

        StreamsFailedException failure =
                assertThrows(StreamsFailedException.class, () -> PipelineRun.run(toProxy("append", 3), options()));

        assertThat(failure.summary().streams().get(0).attempts(), is(1));
        assertThat(notes, empty());
    }

    private PreparedPipeline toProxy(String writeMode, int retries) {
        return TestPipelines.between(
                source,
                PostgresServer.shared().port(),
                target,
                proxy.port(),
                "[{name: events}]",
                "write_mode: " + writeMode + ", primary_key: [id]",
                "checkpoint_interval_rows: 1000, max_batch_bytes: 64kb, max_retries: " + retries);
    }

    private PreparedPipeline fromProxy() {
        return TestPipelines.between(
                source,
                proxy.port(),
                target,
                PostgresServer.shared().port(),
                "[{name: events}]",
                "write_mode: append",
                "max_batch_bytes: 64kb");
    }

    private RunOptions options() {
        ProgressListener listener = new ProgressListener() {
            @Override
            public void step(String what) {
                // Of no interest here.
            }

            @Override
            public void update(RunProgress progress) {
                // Of no interest here.
            }

            @Override
            public void note(String line) {
                notes.add(line);
            }

            @Override
            public void done() {
                // Of no interest here.
            }
        };
        return new RunOptions(RunnerKind.DIRECT, listener)
                .withState(new StateLocation(
                        StateLocation.Backend.SQLITE, folder.resolve("state.db").toString()))
                .withBackoff(AT_ONCE);
    }
}
