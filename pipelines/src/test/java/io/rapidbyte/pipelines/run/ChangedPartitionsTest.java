// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
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
import io.rapidbyte.wasm.ConnectorException;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A table gets or loses partitions or children between a run that broke off and the one that goes on with it: rows that were not copied yet are not
 * left out, and rows that were are not copied again.
 */
@Tag("faults")
class ChangedPartitionsTest {
    private static final int ROWS = 80_000;

    @TempDir
    private Path folder;

    private TestSchema source;
    private TestSchema target;
    private FaultyProxy proxy;

    @BeforeEach
    void makeSchemas() throws IOException {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        proxy = new FaultyProxy(PostgresServer.shared());
    }

    @AfterEach
    void dropSchemas() throws IOException {
        proxy.close();
        target.close();
        source.close();
    }

    @Test
    void whatHasNotChangedIsGoneOnWith() {
        makePartitions();
        appendUpTo(60_000);

        assertIsGoneOnWith();
    }

    @Test
    void whatHasNoPartitionsAndHasNotChangedIsGoneOnWith() {
        makeTable();
        appendUpTo(60_000);

        assertIsGoneOnWith();
    }

    @Test
    void rowsThatMoveToANewPartitionAreNotLeftOut() {
        makePartitions();
        appendUpTo(60_000);
        source.execute("begin;"
                + "create table events_late (id integer, note text);"
                + "with moved as (delete from events_rest where id > 60000 returning *) insert into events_late select * from moved;"
                + "alter table events attach partition events_late for values from (60001) to (100000);"
                + "commit");

        assertIsRefused("\"events_late\" became a partition or a child of");
    }

    @Test
    void rowsOfADetachedPartitionAreNotCopiedAgain() {
        makePartitions();
        appendUpTo(40_000);
        source.execute("begin;"
                + "alter table events detach partition events_early;"
                + "insert into events select * from events_early;"
                + "commit");

        assertIsRefused("\"events_early\" was detached from");
    }

    @Test
    void rowsOfADroppedPartitionAreMissed() {
        makePartitions();
        appendUpTo(40_000);
        source.execute("drop table events_early");

        assertIsRefused("\"events_early\" was detached from");
    }

    @Test
    void rowsThatMoveToANewChildAreNotLeftOut() {
        makeTable();
        appendUpTo(60_000);
        source.execute("begin;"
                + "create table events_late () inherits (events);"
                + "with moved as (delete from only events where id > 60000 returning *) insert into events_late select * from moved;"
                + "commit");

        assertIsRefused("\"events_late\" became a partition or a child of");
    }

    private void makePartitions() {
        source.execute(
                "create table events (id integer, note text) partition by range (id)",
                "create table events_early partition of events for values from (0) to (40001)",
                "create table events_rest partition of events default",
                "insert into events select n, md5(n::text) from generate_series(1, " + ROWS + ") n");
    }

    private void makeTable() {
        source.execute(
                "create table events as select n as id, md5(n::text) as note from generate_series(1, " + ROWS + ") n");
    }

    /** As if the run had broken off when it had committed the units of no more than these rows, the first ones. */
    private void appendUpTo(int rows) {
        proxy.add(Fault.Kind.CUT_BEFORE, Question::commitsTheEnd, Integer.MAX_VALUE);
        assertThrows(StreamsFailedException.class, this::run);
        proxy.behave();
        assertThat(rowsOfTarget(), is(String.valueOf(ROWS)));
        target.execute("delete from _rapidbyte_ledger where unit in (select unit from "
                + "(select unit, sum(sum(row_count)) over (order by unit) as up_to from _rapidbyte_ledger where unit >= 0 group by unit) units"
                + " where up_to > " + rows + ")");
        target.execute("delete from events where id > (select sum(row_count) from _rapidbyte_ledger where unit >= 0)");
    }

    private String rowsOfTarget() {
        return target.value("select count(*) from events");
    }

    private void assertIsGoneOnWith() {
        RunSummary summary = run();

        assertThat(summary.streams().get(0).resumed(), is(true));
        assertThat(differences(source, "events", target, "events"), empty());
    }

    private void assertIsRefused(String sentence) {
        String rows = rowsOfTarget();

        StreamsFailedException failure = assertThrows(StreamsFailedException.class, this::run);

        ConnectorException cause = (ConnectorException) failure.failures().get("events");
        assertThat(cause.error().code(), is("parts_changed"));
        assertThat(cause.getMessage(), allOf(containsString(sentence), containsString("rapidbyte teardown")));
        assertThat(rowsOfTarget(), is(rows));
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
        StateLocation state = new StateLocation(
                StateLocation.Backend.SQLITE, folder.resolve("state.db").toString());
        return PipelineRun.run(pipeline, new RunOptions(RunnerKind.DIRECT, ProgressListener.NONE).withState(state));
    }
}
