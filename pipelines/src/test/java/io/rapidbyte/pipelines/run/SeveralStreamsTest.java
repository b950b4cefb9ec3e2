// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.pipelines.state.StateLocation;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StateStores;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A stream that fails takes no other with it, unless it is asked to. */
class SeveralStreamsTest {
    private static final String STREAMS = "[{name: good}, {name: bad}, {name: fine}]";

    @TempDir
    private Path folder;

    private TestSchema source;
    private TestSchema target;

    static List<RunnerKind> runners() {
        return List.of(RunnerKind.DIRECT, RunnerKind.FLINK);
    }

    @BeforeEach
    void createSchemas() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        for (String table : List.of("good", "bad", "fine")) {
            source.execute("create table " + table + " as select n as id, '" + table
                    + "' as note from generate_series(1, 1000) n");
        }
        target.execute("create table bad (id integer check (id <> 700), note text)");
    }

    @AfterEach
    void dropSchemas() {
        target.close();
        source.close();
    }

    @ParameterizedTest
    @MethodSource("runners")
    void theOthersAreCompleteAndTheNextRunDoesWhatIsLeft(RunnerKind runner) {
        PreparedPipeline pipeline =
                TestPipelines.between(source, target, STREAMS, "write_mode: append", "parallelism: 2");

        StreamsFailedException failure =
                assertThrows(StreamsFailedException.class, () -> PipelineRun.run(pipeline, options(runner)));

        assertThat(failure.failures().keySet(), contains("bad"));
        assertThat(
                failure.summary().streams().stream()
                        .map(stream -> stream.name() + " " + stream.status())
                        .toList(),
                containsInAnyOrder("good DONE", "bad FAILED", "fine DONE"));
        assertThat(differences(source, "good", target, "good"), empty());
        assertThat(differences(source, "fine", target, "fine"), empty());

        target.execute("alter table bad drop constraint bad_id_check");
        RunSummary summary = PipelineRun.run(pipeline, options(runner));

        assertThat(summary.isDone(), is(true));
        for (String table : List.of("good", "bad", "fine")) {
            assertThat("nothing is appended twice", differences(source, table, target, table), empty());
        }
        // And a run after one that is complete is a run of its own.
        PipelineRun.run(pipeline, options(runner));
        assertThat(target.value("select count(*) from good"), is("2000"));
    }

    @Test
    void aReplacedTableIsReplacedAlthoughAnotherIsNot() {
        target.execute("create table good (id integer, note text)", "insert into good values (0, 'old')");
        target.execute("insert into bad values (0, 'old')");
        PreparedPipeline pipeline =
                TestPipelines.between(source, target, STREAMS, "write_mode: replace", "parallelism: 2");

        assertThrows(StreamsFailedException.class, () -> PipelineRun.run(pipeline, options(RunnerKind.DIRECT)));

        assertThat(differences(source, "good", target, "good"), empty());
        assertThat(target.value("select note from bad"), is("old"));
        assertThat(debris(), empty());
    }

    @Test
    void withFailFastTheFirstFailureEndsTheRun() {
        PreparedPipeline pipeline = TestPipelines.between(
                source,
                target,
                "[{name: bad}, {name: good}, {name: fine}]",
                "write_mode: append",
                "parallelism: 1, fail_fast: true");

        StreamsFailedException failure =
                assertThrows(StreamsFailedException.class, () -> PipelineRun.run(pipeline, options(RunnerKind.DIRECT)));

        assertThat(failure.failures().keySet(), contains("bad"));
        assertThat(
                failure.summary().streams().stream()
                        .filter(stream -> stream.status() == RunProgress.Status.WAITING)
                        .count(),
                is(2L));
        try (StateStore store = StateStores.open(state())) {
            assertThat(
                    store.unfinished("tested").stream().map(run -> run.stream()).toList(),
                    containsInAnyOrder("bad", "good", "fine"));
        }
    }

    @Test
    void aRunThatWasRefusedDoesNotHideWhatIsComplete() {
        PreparedPipeline pipeline =
                TestPipelines.between(source, target, STREAMS, "write_mode: append", "parallelism: 2");
        assertThrows(StreamsFailedException.class, () -> PipelineRun.run(pipeline, options(RunnerKind.DIRECT)));
        PreparedPipeline changed = TestPipelines.between(
                source, target, STREAMS.replace("name: bad", "name: bad, columns: [id]"), "write_mode: append", "");
        assertThrows(RunRefusedException.class, () -> PipelineRun.run(changed, options(RunnerKind.DIRECT)));
        target.execute("alter table bad drop constraint bad_id_check");

        RunSummary summary = PipelineRun.run(pipeline, options(RunnerKind.DIRECT));

        assertThat(summary.isDone(), is(true));
        for (String table : List.of("good", "bad", "fine")) {
            assertThat(differences(source, table, target, table), empty());
        }
    }

    @Test
    void aRunThatDiedBehindItsLastStreamIsNotDoneAgainUnlessItIsReset() throws SQLException {
        PreparedPipeline pipeline = TestPipelines.between(
                source, target, "[{name: good}, {name: fine}]", "write_mode: append", "parallelism: 2");
        PipelineRun.run(pipeline, options(RunnerKind.DIRECT));
        runAsIfItHadDied();

        RunSummary summary = PipelineRun.run(pipeline, options(RunnerKind.DIRECT));

        assertThat(summary.isDone(), is(true));
        assertThat(target.value("select count(*) from good"), is("1000"));
        assertThat(target.value("select count(*) from fine"), is("1000"));

        PipelineRun.run(pipeline, options(RunnerKind.DIRECT));
        runAsIfItHadDied();
        try (StateStore store = StateStores.open(state())) {
            store.reset("tested", "good");
        }
        PipelineRun.run(pipeline, options(RunnerKind.DIRECT));
        assertThat(target.value("select count(*) from good"), is("3000"));
        assertThat(target.value("select count(*) from fine"), is("2000"));
    }

    /** The last run is what it is when the process ends between the last stream's end and its own. */
    private void runAsIfItHadDied() throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + state().connection());
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "update rapidbyte_runs set status = 'RUNNING', ended = null where run_id = (select run_id from rapidbyte_runs order by sequence desc limit 1)");
        }
    }

    @Test
    void workersElsewhereCannotWriteToAFileHere() {
        PreparedPipeline pipeline =
                TestPipelines.between(source, target, STREAMS, "write_mode: append", "parallelism: 2");
        RunOptions onCluster = options(RunnerKind.FLINK)
                .withOverrides(new RunOverrides(null, false, List.of("--flinkMaster=flink.invalid:8081")));

        RunRefusedException refusal =
                assertThrows(RunRefusedException.class, () -> PipelineRun.run(pipeline, onCluster));

        assertThat(refusal.getMessage(), containsString("state: {backend: postgres"));
        assertThat("nothing was begun", folder.toFile().list(), is(new String[0]));
    }

    @Test
    void manyStreamsShareFewThreads() {
        String streams = String.join(
                ", ",
                Stream.iterate(0, n -> n + 1)
                        .limit(12)
                        .map(n -> "{name: t" + n + "}")
                        .toList());
        for (int n = 0; n < 12; n++) {
            source.execute("create table t" + n + " as select n as id from generate_series(1, " + 100 * n + ") n");
        }
        PreparedPipeline pipeline =
                TestPipelines.between(source, target, "[" + streams + "]", "write_mode: append", "parallelism: 3");

        RunSummary summary = PipelineRun.run(pipeline, options(RunnerKind.DIRECT));

        assertThat(summary.rows(), is(6600L));
        for (int n = 0; n < 12; n++) {
            assertThat(differences(source, "t" + n, target, "t" + n), empty());
        }
    }

    private RunOptions options(RunnerKind runner) {
        return new RunOptions(runner, ProgressListener.NONE).withState(state());
    }

    private StateLocation state() {
        return new StateLocation(
                StateLocation.Backend.SQLITE, folder.resolve("state.db").toString());
    }

    private List<String> debris() {
        return target.relations().stream()
                .filter(name -> name.startsWith("_rapidbyte_") && !name.startsWith("_rapidbyte_ledger"))
                .toList();
    }
}
