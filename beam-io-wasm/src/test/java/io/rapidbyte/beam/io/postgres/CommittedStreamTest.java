// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.beam.io.CommittedStream;
import io.rapidbyte.beam.io.ConnectorFailures;
import io.rapidbyte.beam.io.RunReport;
import io.rapidbyte.beam.io.WasmIO;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.Limits;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import java.util.List;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.testing.PAssert;
import org.apache.beam.sdk.values.PCollection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a run has committed is found to be in its source, or not. */
class CommittedStreamTest {
    private static final String RUN = "the run that broke off";

    private TestSchema source;
    private TestSchema target;
    private StreamPlan plan;

    @BeforeEach
    void copy() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        source.execute("create table orders as select n as id, repeat(md5(n::text), 8) as note from"
                + " generate_series(1, 15000) n");
        try (SourceConnector connector = PostgresCopy.openSource(source.config())) {
            plan = connector.plan(StreamSpec.of("orders"));
        }
        write(PostgresCopy.Runner.DIRECT);
        target.execute("delete from _rapidbyte_ledger where unit = -1");
    }

    @AfterEach
    void dropSchemas() {
        target.close();
        source.close();
    }

    @ParameterizedTest
    @EnumSource
    void whatIsTheSameIsReadInItsUnitsAndNoOthers(PostgresCopy.Runner runner) {
        String first = target.value("select sum(row_count) from _rapidbyte_ledger where unit = 0");
        target.execute("delete from _rapidbyte_ledger where unit in (1, 2)");
        long rows = Long.parseLong(target.value("select sum(row_count) from _rapidbyte_ledger where unit >= 0"));
        // Where nothing is committed.
        source.execute("delete from orders where id = " + first + " + 1");
        CommittedStream committed = committed();

        RunReport report = compare(runner, committed);

        assertThat(committed.batches(), is(identities()));
        assertThat(committed.isEnded(), is(false));
        assertThat(
                "the changed rows have gone to the last unit",
                report.streams().get("orders").recordsRead() >= rows);
    }

    @ParameterizedTest
    @EnumSource
    void whatHasChangedIsFound(PostgresCopy.Runner runner) {
        source.execute("update orders set note = 'changed' where id = 7500");

        ConnectorException failure = failure(() -> compare(runner, committed()));

        assertThat(failure.error().code(), is("batch_changed"));
        assertThat(failure.getMessage(), containsString("Stream orders: batch "));
        assertThat(failure.error().retryable(), is(false));
    }

    @ParameterizedTest
    @EnumSource
    void whatIsGoneIsMissed(PostgresCopy.Runner runner) {
        String first = target.value("select sum(row_count) from _rapidbyte_ledger where unit = 0");
        source.execute(
                "delete from orders where id > " + first + " and id <= (select sum(row_count) from " + target.quoted()
                        + "._rapidbyte_ledger where unit in (0, 1))",
                "vacuum orders");

        ConnectorException failure = failure(() -> compare(runner, committed()));

        assertThat(failure.error().code(), is("batch_missing"));
        assertThat(failure.getMessage(), containsString("were committed before the run broke off"));
    }

    @ParameterizedTest
    @EnumSource
    void aRunThatWasNotGivenAllThatIsCommittedDoesNotEnd(PostgresCopy.Runner runner) {
        target.execute("insert into _rapidbyte_ledger select run_id, stream, 1000, 0, 7, 1, 1, 0 from _rapidbyte_ledger"
                + " where unit = 0 and sequence = 0");

        ConnectorException failure = failure(() -> write(runner));

        assertThat(failure.error().code(), is("batch_missing"));
        assertThat(target.value("select count(*) from orders"), is("15000"));
        assertThat(target.value("select count(*) from _rapidbyte_ledger where unit = -1"), is("0"));
    }

    @Test
    void aStreamThatHasEndedSaysSo() {
        write(PostgresCopy.Runner.DIRECT);

        assertThat(committed().isEnded(), is(true));
    }

    private int identities() {
        return Integer.parseInt(target.value("select count(*) from _rapidbyte_ledger where unit >= 0"));
    }

    private static ConnectorException failure(Runnable run) {
        return ConnectorFailures.find(assertThrows(RuntimeException.class, run::run))
                .orElseThrow();
    }

    private WasmIO.Read read() {
        return WasmIO.read()
                .withConnector(ConnectorModule.bundled("source-postgres"))
                .withConfig(source.config())
                .withLimits(Limits.defaults().withMaxBatchBytes(128 << 10))
                .withPlans(List.of(plan))
                .withRunId(RUN);
    }

    private WasmIO.Write write() {
        return WasmIO.write()
                .withConnector(ConnectorModule.bundled("dest-postgres"))
                .withConfig(target.config())
                .withRunId(RUN);
    }

    private void write(PostgresCopy.Runner runner) {
        Pipeline pipeline = Pipeline.create(runner.options());
        pipeline.apply(read()).apply(write());
        pipeline.run().waitUntilFinish();
    }

    private CommittedStream committed() {
        return CommittedStream.of(write(), plan.stream()).orElseThrow();
    }

    private RunReport compare(PostgresCopy.Runner runner, CommittedStream committed) {
        Pipeline pipeline = Pipeline.create(runner.options());
        PCollection<Long> compared = pipeline.apply(committed.readBy(read())).apply(committed.comparison());
        PAssert.thatSingleton(compared).isEqualTo((long) committed.batches());
        PipelineResult result = pipeline.run();
        result.waitUntilFinish();
        return RunReport.of(result);
    }
}
