// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.Grants;
import io.rapidbyte.wasm.Limits;
import io.rapidbyte.wasm.RecordPolicy;
import io.rapidbyte.wasm.SchemaEvolution;
import io.rapidbyte.wasm.WriteMode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The writing step, called as a runner calls it, with a destination that writes every batch once. */
@Timeout(60)
class PostgresSinkTest {
    private TestSchema target;

    @BeforeEach
    void createSchema() {
        target = PostgresServer.shared().newSchema();
    }

    @AfterEach
    void dropSchema() {
        target.close();
    }

    @Test
    void aBundleOfManyStreamsHasFewConnections() {
        List<List<ArrowBatch>> streams = new ArrayList<>();
        for (int stream = 0; stream < 7; stream++) {
            streams.add(SinkTest.batches("stream" + stream, 2));
        }
        try (Sink sink = sink(Map.of(), RecordPolicy.FAIL, List.of())) {
            sink.startBundle();
            for (int batch = 0; batch < 2; batch++) {
                for (List<ArrowBatch> batches : streams) {
                    sink.process(batches.get(batch));
                    assertThat(SinkTest.writerThreads(), is(lessThanOrEqualTo(4L)));
                }
            }
            List<CommitReceipt> receipts = sink.finishBundle();

            for (int stream = 0; stream < 7; stream++) {
                String name = "stream" + stream;
                assertThat(target.value("select count(*) from " + name), is("20"));
                assertThat(
                        receipts.stream()
                                .filter(receipt -> receipt.stream().name().equals(name))
                                .mapToLong(CommitReceipt::rows)
                                .sum(),
                        is(20L));
            }
        }
    }

    /** What is not committed cannot double when the bundle fails: nobody makes room there. */
    @Test
    void withoutALedgerNothingIsCommittedBeforeTheEndOfTheBundle() {
        try (Sink sink = sink(Map.of("exactly_once", false), RecordPolicy.FAIL, List.of())) {
            sink.startBundle();
            for (int stream = 0; stream < 6; stream++) {
                sink.process(SinkTest.batches("stream" + stream, 1).get(0));
            }
            assertThat(sink.finishBundle(), hasSize(6));
        }
    }

    /** The second writer waits in the server for the keys that the first one has not committed. */
    @Test
    void twoRunsInOneBundleDoNotWaitForEachOther() {
        List<ArrowBatch> orders = SinkTest.batches("orders", 12);
        try (Sink sink = sink(Map.of(), RecordPolicy.DLQ, List.of("id"))) {
            sink.startBundle();
            for (ArrowBatch batch : orders) {
                sink.process(batch);
                sink.process(ArrowBatch.of(
                        new BatchId(
                                "another-run",
                                "orders",
                                batch.id().unit(),
                                batch.id().sequence()),
                        batch.rows(),
                        batch.frame()));
            }
            List<CommitReceipt> receipts = sink.finishBundle();

            assertThat(receipts.stream().mapToLong(CommitReceipt::rows).sum(), is(120L));
            assertThat(receipts.stream().mapToLong(CommitReceipt::refused).sum(), is(120L));
            assertThat(sink.deadLetters(), hasSize(120));
            assertThat(target.value("select count(*) from orders"), is("120"));
        }
    }

    @Test
    void twoBatchesOfOneIdentityAreRefused() {
        List<ArrowBatch> orders = SinkTest.read(Map.of("units", 2, "batches_per_unit", 3), "orders");
        try (Sink sink = sink(Map.of(), RecordPolicy.FAIL, List.of())) {
            sink.startBundle();
            orders.forEach(sink::process);
            ConnectorException failure = assertThrows(ConnectorException.class, () -> sink.process(orders.get(4)));
            assertThat(failure.error().code(), is("duplicate_identity"));
            assertThat(failure.error().retryable(), is(false));
            assertThat(
                    failure.getMessage(),
                    containsString("Two batches of stream orders are batch 1 of unit 1 of one run."));

            sink.startBundle();
            orders.forEach(sink::process);
            assertThat("a bundle that is repeated has them again", sink.finishBundle(), hasSize(1));
        }
    }

    private Sink sink(Map<String, ?> more, RecordPolicy dataErrors, List<String> primaryKey) {
        Map<String, Object> config = new HashMap<>(target.config());
        config.putAll(more);
        ConnectorSpec spec = new ConnectorSpec(
                ConnectorModule.bundled("dest-postgres"),
                ConnectorConfig.ofMap(config),
                null,
                null,
                Grants.manifestOnly(),
                Limits.defaults());
        WriteSettings settings =
                new WriteSettings(WriteMode.APPEND, primaryKey, dataErrors, SchemaEvolution.defaults(), Map.of());
        return new Sink(spec, settings, CheckpointIntervals.NONE, 4, Long.MAX_VALUE);
    }
}
