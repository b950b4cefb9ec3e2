// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
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
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A whole table changes between a run that broke off and the one that goes on with it: what was appended is never added to by what does not fit it. */
@Tag("faults")
class ChangedTableTest {
    /** Of several units. */
    private static final int ROWS = 80_000;

    private static final String ALL = String.valueOf(ROWS);

    @TempDir
    private Path folder;

    private TestSchema source;
    private TestSchema target;
    private FaultyProxy proxy;
    private final List<String> notes = new CopyOnWriteArrayList<>();

    /** All rows are appended, and the run breaks off before the stream ends. */
    @BeforeEach
    void appendAndBreakOff() throws IOException {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        proxy = new FaultyProxy(PostgresServer.shared());
        source.execute(
                "create table events as select n as id, md5(n::text) as note from generate_series(1, " + ROWS + ") n");
        proxy.add(Fault.Kind.CUT_BEFORE, Question::commitsTheEnd, Integer.MAX_VALUE);
        assertThrows(StreamsFailedException.class, this::run);
        proxy.behave();
        assertThat(target.value("select count(*) from events"), is(ALL));
    }

    @AfterEach
    void dropSchemas() throws IOException {
        proxy.close();
        target.close();
        source.close();
    }

    @Test
    void whatHasNotChangedIsGoneOnWith() {
        RunSummary summary = run();

        assertThat(summary.streams().get(0).resumed(), is(true));
        assertThat(summary.rows(), is((long) ROWS));
        assertThat(differences(source, "events", target, "events"), empty());
        assertThat(notes, contains(containsString("are there already, and are compared with the source first.")));
    }

    /** A batch whose rows have all moved does not come a second time, and its rows come with others. */
    @Test
    void nothingIsAddedWhenRowsHaveMoved() {
        // As if the last unit, which takes them all, were not committed yet. The first has a batch also when it is
        // empty, and is left alone.
        String ofFirstUnit = target.value("select sum(row_count) from _rapidbyte_ledger where unit = 0");
        target.execute("delete from _rapidbyte_ledger where unit = (select max(unit) from _rapidbyte_ledger)");
        String committed = target.value("select sum(row_count) from _rapidbyte_ledger where unit >= 0");
        target.execute("delete from events where id > " + committed);
        source.execute(
                "update events set note = note where id > " + ofFirstUnit + " and id <= " + committed, "vacuum events");

        assertIsRefused(
                committed, "batches were committed before the run broke off", "are there when it is read again");
    }

    @Test
    void nothingIsAddedWhenRowsHaveChanged() {
        source.execute(
                "insert into events select n, 'new' from generate_series(" + (ROWS + 1) + ", " + 2 * ROWS + ") n",
                "update events set note = 'changed' where id = 1");

        assertIsRefused(ALL, "was committed before the run broke off, and has other rows now");
    }

    @Test
    void nothingIsAddedWhenRowsAreGone() {
        source.execute("truncate events", "insert into events values (1, 'new')");

        assertIsRefused(ALL, "was truncated or written anew");
    }

    @ParameterizedTest
    @CsvSource({
        "drop table events, is not there any more",
        "alter table events rename to former, is not there any more",
        "truncate events, is empty now"
    })
    void whatTheTargetHasLostIsNotTakenForThere(String loss, String sentence) {
        target.execute(loss);

        StreamsFailedException failure = assertThrows(StreamsFailedException.class, this::run);

        assertThat(
                failure.failures().get("events").getMessage(),
                allOf(containsString(sentence), containsString("rapidbyte teardown")));
        assertThat(target.relations().contains("events") && !loss.startsWith("truncate"), is(false));
    }

    /** A target forgets one day that a stream was finalized, and an append that is gone on with then would double it. */
    @Test
    void whatWasBegunLongAgoIsNotGoneOnWith() throws SQLException {
        assertThrows(StreamsFailedException.class, this::runAndBreakOff);
        beganDaysAgo(81);

        RunRefusedException refusal = assertThrows(RunRefusedException.class, this::run);

        assertThat(
                refusal.getMessage(),
                allOf(
                        containsString("Stream events of pipeline tested was broken off in run "),
                        containsString("was begun on "
                                + LocalDate.ofInstant(Instant.now().minus(81, ChronoUnit.DAYS), ZoneOffset.UTC)
                                + ", more than 80 days ago"),
                        containsString("rapidbyte teardown")));
        assertThat(target.value("select count(*) from events"), is(ALL));
        beganDaysAgo(79);

        assertThat(run().isDone(), is(true));

        assertThat(differences(source, "events", target, "events"), empty());
    }

    private void runAndBreakOff() {
        proxy.add(Fault.Kind.CUT_BEFORE, Question::commitsTheEnd, Integer.MAX_VALUE);
        try {
            run();
        } finally {
            proxy.behave();
        }
    }

    /** The first run, and not the one that went on with it. */
    private void beganDaysAgo(int days) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("state.db"));
                PreparedStatement statement = connection.prepareStatement(
                        "UPDATE rapidbyte_runs SET started = ? WHERE sequence = (SELECT MIN(sequence) FROM rapidbyte_runs)")) {
            statement.setString(1, Instant.now().minus(days, ChronoUnit.DAYS).toString());
            assertThat(statement.executeUpdate(), is(1));
        }
    }

    private void assertIsRefused(String rows, String... sentences) {
        StreamsFailedException failure = assertThrows(StreamsFailedException.class, this::run);

        String message = failure.failures().get("events").getMessage();
        for (String sentence : sentences) {
            assertThat(message, containsString(sentence));
        }
        assertThat(message, allOf(containsString("rapidbyte teardown"), containsString("events")));
        assertThat(target.value("select count(*) from events"), is(rows));
        assertThat(target.value("select count(distinct id) from events"), is(rows));
    }

    private RunSummary run() {
        PreparedPipeline pipeline = TestPipelines.between(
                source,
                PostgresServer.shared().port(),
                target,
                proxy.port(),
                "[{name: events}]",
                "write_mode: append",
                "parallelism: 2, max_batch_bytes: 64kb, max_retries: 0");
        ProgressListener progress = new ProgressListener() {
            @Override
            public void step(String what) {
                // Of no interest here.
            }

            @Override
            public void note(String what) {
                notes.add(what);
            }

            @Override
            public void update(RunProgress now) {
                // Of no interest here.
            }

            @Override
            public void done() {
                // Of no interest here.
            }
        };
        StateLocation state = new StateLocation(
                StateLocation.Backend.SQLITE, folder.resolve("state.db").toString());
        return PipelineRun.run(pipeline, new RunOptions(RunnerKind.DIRECT, progress).withState(state));
    }
}
