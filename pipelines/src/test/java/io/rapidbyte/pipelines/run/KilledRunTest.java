// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.instanceOf;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.state.PipelineBusyException;
import io.rapidbyte.pipelines.state.RunStatus;
import io.rapidbyte.pipelines.state.StateLocation;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StateStores;
import io.rapidbyte.pipelines.state.StreamPosition;
import io.rapidbyte.pipelines.state.StreamRun;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A process that runs a pipeline is killed, and the pipeline is run again: nothing is lost, nothing doubled, and no position is ahead of the data. */
@Tag("faults")
class KilledRunTest {
    private static final int ROWS = 20_000;

    @TempDir
    private Path folder;

    private TestSchema source;
    private TestSchema target;

    @BeforeEach
    void createSchemas() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        source.execute(
                "create table events as select n as id, 'event ' || md5(n::text) as note from generate_series(1, "
                        + ROWS + ") n",
                "alter table events add primary key (id)");
    }

    @AfterEach
    void dropSchemas() {
        target.close();
        source.close();
    }

    @ParameterizedTest
    @CsvSource({
        "PLANNED, incremental, append",
        "PLANNED, full_refresh, append",
        "SOME_COMMITTED, incremental, append",
        "SOME_COMMITTED, full_refresh, append",
        "SOME_COMMITTED, incremental, upsert",
        "SOME_COMMITTED, full_refresh, replace",
        "ALL_COMMITTED, incremental, append",
        "ALL_COMMITTED, full_refresh, replace",
        "FINALIZED, incremental, append",
        "FINALIZED, incremental, upsert",
        "FINALIZED, full_refresh, replace"
    })
    void whatAKilledRunBeganTheNextOneEnds(KilledRun.Moment moment, String syncMode, String writeMode)
            throws IOException, InterruptedException {
        Path file = file(syncMode, writeMode);
        kill(file, moment);
        assertThat("no position is stored of a stream that is not complete", positions(), empty());

        PipelineRun.run(pipeline(file), options());

        assertThat(differences(source, "events", target, "events"), empty());
        assertThat(sideTables(), empty());
        try (StateStore store = StateStores.open(state())) {
            assertThat(
                    store.runs("killed", 10).stream().map(run -> run.status()).toList(),
                    contains(RunStatus.DONE, RunStatus.INTERRUPTED));
            assertThat(store.unfinished("killed"), empty());
        }
        if (syncMode.equals("incremental")) {
            assertThat(positions(), hasSize(1));
            source.execute("insert into events select n, 'new' from generate_series(" + (ROWS + 1) + ", " + (ROWS + 500)
                    + ") n");
            assertThat(PipelineRun.run(pipeline(file), options()).rows(), is(500L));
            assertThat(differences(source, "events", target, "events"), empty());
        }
    }

    /** As when another run has ended meanwhile, and has had the ledger forget the batches of streams that are complete. */
    @Test
    void aStreamThatWasFinalizedAndForgottenIsComplete() throws IOException, InterruptedException {
        Path file = file("incremental", "append");
        kill(file, KilledRun.Moment.FINALIZED);
        target.execute("delete from _rapidbyte_ledger where unit >= 0");

        RunSummary summary = PipelineRun.run(pipeline(file), options());

        assertThat(summary.isDone(), is(true));
        assertThat(positions(), hasSize(1));
        assertThat(differences(source, "events", target, "events"), empty());
    }

    @Test
    void anInterruptedRunIsGoneOnWith() throws IOException, InterruptedException {
        Path file = file("incremental", "append");
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread run = new Thread(() -> {
            try {
                PipelineRun.run(pipeline(file), options());
            } catch (RunInterruptedException e) {
                failure.set(e);
            }
        });
        run.start();
        while (target.value("select to_regclass('_rapidbyte_ledger')").equals("null")
                || target.value("select count(*) from _rapidbyte_ledger where unit >= 0")
                        .equals("0")) {
            assertThat("the run goes on", run.isAlive());
        }
        run.interrupt();
        run.join(TimeUnit.MINUTES.toMillis(1));

        assertThat(failure.get(), is(instanceOf(RunInterruptedException.class)));
        assertThat(positions(), empty());

        RunSummary summary = PipelineRun.run(pipeline(file), options());

        assertThat(summary.streams().get(0).resumed(), is(true));
        assertThat(differences(source, "events", target, "events"), empty());
    }

    @Test
    void aPipelineThatIsRunningIsNotRunASecondTime() throws IOException {
        PreparedPipeline pipeline = pipeline(file("full_refresh", "append"));
        AtomicReference<PipelineBusyException> refusal = new AtomicReference<>();
        ProgressListener second = new ProgressListener() {
            @Override
            public void step(String what) {
                if (what.startsWith("starting")) {
                    refusal.set(assertThrows(PipelineBusyException.class, () -> PipelineRun.run(pipeline, options())));
                }
            }

            @Override
            public void update(RunProgress progress) {
                // Of no interest here.
            }

            @Override
            public void done() {
                // Of no interest here.
            }
        };

        PipelineRun.run(pipeline, new RunOptions(RunnerKind.DIRECT, second).withState(state()));

        assertThat(refusal.get().getMessage(), containsString("killed"));
        try (StateStore store = StateStores.open(state())) {
            StreamRun run =
                    store.streams(store.runs("killed", 1).get(0).runId()).get(0);
            assertThat(run.rows(), is((long) ROWS));
            assertThat(run.seconds(), is(greaterThan(0.0)));
        }
        assertThat(differences(source, "events", target, "events"), empty());
    }

    @Test
    void aTableThatChangedWhereItWasCopiedIsNotGoneOnWithAndCanBeGivenUp() throws IOException, InterruptedException {
        Path file = file("full_refresh", "append");
        kill(file, KilledRun.Moment.SOME_COMMITTED);
        source.execute("update events set note = 'changed'");
        int before = Integer.parseInt(target.value("select count(*) from events"));

        StreamsFailedException failure =
                assertThrows(StreamsFailedException.class, () -> PipelineRun.run(pipeline(file), options()));

        assertThat(failure.failures().get("events").getMessage(), containsString("has other rows now"));
        assertThat(Integer.parseInt(target.value("select count(*) from events")), is(before));
        assertThat(before, is(not(0)));
    }

    @Test
    void rowsThatWereAddedMeanwhileAreRead() throws IOException, InterruptedException {
        Path file = file("full_refresh", "append");
        kill(file, KilledRun.Moment.SOME_COMMITTED);
        source.execute("insert into events select n, 'added' from generate_series(" + (ROWS + 1) + ", " + (ROWS + 3000)
                + ") n");

        PipelineRun.run(pipeline(file), options());

        assertThat(differences(source, "events", target, "events"), empty());
    }

    @Test
    void aStreamThatWasFinalizedIsCompleteAlsoWhenItsTableHasChanged() throws IOException, InterruptedException {
        Path file = file("full_refresh", "append");
        kill(file, KilledRun.Moment.FINALIZED);
        source.execute("update events set note = 'changed'");

        RunSummary summary = PipelineRun.run(pipeline(file), options());

        assertThat(summary.isDone(), is(true));
        assertThat(target.value("select count(*) from events"), is(String.valueOf(ROWS)));
        assertThat(target.value("select count(*) from events where note = 'changed'"), is("0"));
    }

    @Test
    void aFileThatAsksForSomethingElseIsNotGoneOnWith() throws IOException, InterruptedException {
        Path file = file("full_refresh", "append");
        kill(file, KilledRun.Moment.SOME_COMMITTED);
        Files.writeString(
                file,
                Files.readString(file).replace("sync_mode: full_refresh", "sync_mode: full_refresh, columns: [id]"));

        RunRefusedException refusal =
                assertThrows(RunRefusedException.class, () -> PipelineRun.run(pipeline(file), options()));

        assertThat(refusal.getMessage(), containsString("Stream events of pipeline killed was broken off in run"));
        assertThat(refusal.getMessage(), containsString("rapidbyte teardown"));
    }

    private Path file(String syncMode, String writeMode) throws IOException {
        PostgresServer server = PostgresServer.shared();
        String cursor = syncMode.equals("incremental") ? ", cursor_field: id" : "";
        return Files.writeString(folder.resolve("killed.yaml"), """
                version: "1.0"
                pipeline: killed
                source:
                  use: source-postgres
                  config: {host: "%1$s", port: %2$d, user: %3$s, password: "${TEST_PASSWORD}", database: %4$s, schema: %5$s}
                  streams:
                    - {name: events, sync_mode: %7$s%8$s}
                destination:
                  use: dest-postgres
                  config: {host: "%1$s", port: %2$d, user: %3$s, password: "${TEST_PASSWORD}", database: %4$s, schema: %6$s}
                  write_mode: %9$s
                  primary_key: [id]
                resources: {parallelism: 2, checkpoint_interval_rows: 100, max_batch_bytes: 32kb, max_retries: 0}
                """.formatted(
                        server.host(),
                        server.port(),
                        PostgresServer.USER,
                        server.database(),
                        source.name(),
                        target.name(),
                        syncMode,
                        cursor,
                        writeMode));
    }

    private PreparedPipeline pipeline(Path file) {
        return PreparedPipeline.prepare(
                PipelineFile.read(file, name -> PostgresServer.PASSWORD), new ConnectorResolver(name -> null));
    }

    private StateLocation state() {
        return new StateLocation(
                StateLocation.Backend.SQLITE, folder.resolve("state.db").toString());
    }

    private RunOptions options() {
        return new RunOptions(RunnerKind.DIRECT, ProgressListener.NONE).withState(state());
    }

    private List<StreamPosition> positions() {
        try (StateStore store = StateStores.open(state())) {
            return store.positions("killed");
        }
    }

    private List<String> sideTables() {
        return target.relations().stream()
                .filter(name -> name.startsWith("_rapidbyte_") && !name.startsWith("_rapidbyte_ledger"))
                .toList();
    }

    private void kill(Path file, KilledRun.Moment moment) throws IOException, InterruptedException {
        PostgresServer server = PostgresServer.shared();
        ProcessBuilder child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-opens=java.base/java.nio=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        KilledRun.class.getName(),
                        file.toString(),
                        state().connection(),
                        moment.name(),
                        "jdbc:postgresql://%s:%d/%s?user=%s&password=%s"
                                .formatted(
                                        server.host(),
                                        server.port(),
                                        server.database(),
                                        PostgresServer.SUPERUSER,
                                        PostgresServer.SUPERUSER_PASSWORD),
                        target.quoted() + "._rapidbyte_ledger",
                        String.valueOf(ROWS))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output.txt").toFile());
        child.environment().put("TEST_PASSWORD", PostgresServer.PASSWORD);
        Process process = child.start();
        boolean ended = process.waitFor(2, TimeUnit.MINUTES);
        String output = Files.readString(folder.resolve("output.txt"));
        if (!ended) {
            process.destroyForcibly();
        }
        assertThat(output, ended);
        assertThat(output, process.exitValue(), is(KilledRun.EXIT_CODE));
    }
}
