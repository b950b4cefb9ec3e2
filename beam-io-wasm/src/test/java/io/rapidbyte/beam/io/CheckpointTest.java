// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.RecordPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.testing.PAssert;
import org.apache.beam.sdk.testing.TestPipeline;
import org.apache.beam.sdk.transforms.MapElements;
import org.apache.beam.sdk.transforms.windowing.BoundedWindow;
import org.apache.beam.sdk.transforms.windowing.GlobalWindow;
import org.apache.beam.sdk.values.TypeDescriptors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Commits inside of a bundle: here of twenty batches of ten rows. */
@Timeout(60)
class CheckpointTest {
    private static final Duration NEVER = Duration.ZERO;

    private static List<ArrowBatch> orders;

    @BeforeAll
    static void makeBatches() {
        orders = SinkTest.batches("orders", 20);
    }

    @Test
    void rowsMakeACommitDue() {
        try (Sink sink = sink(Map.of(), new CheckpointIntervals(0, 60, NEVER))) {
            assertThat(batchesOf(write(sink)), contains(6L, 6L, 6L, 2L));
        }
    }

    @Test
    void bytesMakeACommitDue() {
        long eight = orders.stream().limit(8).mapToLong(ArrowBatch::sizeBytes).sum();
        try (Sink sink = sink(Map.of(), new CheckpointIntervals(eight - 1, 0, NEVER))) {
            List<CommitReceipt> receipts = write(sink);

            assertThat(batchesOf(receipts).get(0), is(8L));
            assertThat(receipts.get(0).bytes(), is(eight));
            assertThat(
                    receipts.stream().mapToLong(CommitReceipt::bytes).sum(),
                    is(orders.stream().mapToLong(ArrowBatch::sizeBytes).sum()));
        }
    }

    @Test
    void whatIsDueFirstCounts() {
        try (Sink sink = sink(Map.of(), new CheckpointIntervals(1L << 40, 100, Duration.ofHours(1)))) {
            assertThat(batchesOf(write(sink)), contains(10L, 10L));
        }
    }

    @Test
    void withoutIntervalsABundleIsOneCommit() {
        try (Sink sink = sink(Map.of(), CheckpointIntervals.NONE)) {
            assertThat(batchesOf(write(sink)), contains(20L));
        }
    }

    /** The destination needs 100 ms for each batch, in which the time runs. */
    @Test
    void timeMakesACommitDue() {
        try (Sink sink = sink(Map.of("behaviour", "slow"), new CheckpointIntervals(0, 0, Duration.ofMillis(150)))) {
            List<Long> batches = batchesOf(write(sink));

            assertThat(batches, everyItem(lessThanOrEqualTo(2L)));
            assertThat(batches.stream().mapToLong(Long::longValue).sum(), is(20L));
        }
    }

    @Test
    void timeMakesACommitDueAlsoWhenNoFurtherBatchComes() throws InterruptedException {
        BatchQueue queue = new BatchQueue(4, Long.MAX_VALUE);
        try (ConnectorSession<DestinationConnector> session =
                ConnectorSession.ofDestination(Probe.destination(Map.of()))) {
            StreamWriter writer =
                    Probe.writer(session, orders.get(0), new CheckpointIntervals(0, 0, Duration.ofMillis(20)), queue);
            writer.start();
            writer.put(orders.get(0), BoundedWindow.TIMESTAMP_MIN_VALUE, GlobalWindow.INSTANCE);
            while (writer.account().commitCount() == 0) {
                Thread.onSpinWait();
            }
            writer.end();
            writer.await();
            assertThat("there was nothing left for the end", writer.account().commitCount(), is(1L));
        }
    }

    @Test
    void refusedRecordsAreCountedWithTheirCommit() {
        WriteSettings settings = Probe.append(RecordPolicy.DLQ);
        CheckpointIntervals intervals = new CheckpointIntervals(0, 100, NEVER);
        try (Sink sink =
                new Sink(Probe.destination(Map.of("refuse_every", 30)), settings, intervals, 4, Long.MAX_VALUE)) {
            List<CommitReceipt> receipts = write(sink);

            assertThat(receipts.stream().map(CommitReceipt::refused).toList(), contains(4L, 3L));
            assertThat(receipts.stream().map(CommitReceipt::rows).toList(), contains(96L, 97L));
            assertThat(sink.deadLetters().size(), is(7));
        }
    }

    @Test
    void aCommitOfOtherCountsThanWereGivenIsADefectOfTheConnector() {
        Map<String, ?> lying = Map.of("behaviour", "miscount_checkpoints");
        try (Sink sink = sink(lying, new CheckpointIntervals(0, 60, NEVER))) {
            ConnectorException failure = assertThrows(ConnectorException.class, () -> write(sink));
            assertThat(failure.error().code(), is("rows_missing"));
            assertThat(
                    failure.getMessage(),
                    containsString("was given 60 rows in 6 batches of stream orders and reports 61 rows as written"));
        }
    }

    @Test
    void aPipelinesReceiptsSayWhatEachCommitHeld() {
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        WasmWriteResult written = pipeline.apply(
                        Probe.read(Map.of("units", 40, "rows_per_batch", 50)).withStream("orders"))
                .apply(Probe.write(Map.of()).withCheckpointIntervalRows(100));
        PAssert.that(written.getReceipts()
                        .apply(MapElements.into(TypeDescriptors.longs()).via(CommitReceipt::rows)))
                .satisfies(rows -> {
                    long sum = 0;
                    for (long each : rows) {
                        assertThat(each, lessThanOrEqualTo(100L));
                        sum += each;
                    }
                    assertThat(sum, is(2000L));
                    return null;
                });
        PAssert.thatSingleton(written.getFinalized()
                        .apply("rows", MapElements.into(TypeDescriptors.longs()).via(FinalizedStream::rows)))
                .isEqualTo(2000L);

        PipelineResult result = pipeline.run();
        result.waitUntilFinish();

        StreamReport orders = RunReport.of(result).streams().get("orders");
        assertThat(orders.recordsWritten(), is(2000L));
        assertThat(orders.get(RapidbyteMetrics.COMMITS), greaterThan(orders.get(RapidbyteMetrics.WRITE_BUNDLES)));
    }

    private static List<Long> batchesOf(List<CommitReceipt> receipts) {
        return receipts.stream().map(CommitReceipt::batches).toList();
    }

    private static List<CommitReceipt> write(Sink sink) {
        sink.startBundle();
        orders.forEach(sink::process);
        return sink.finishBundle();
    }

    private static Sink sink(Map<String, ?> config, CheckpointIntervals intervals) {
        return new Sink(Probe.destination(config), Probe.append(), intervals, 4, Long.MAX_VALUE);
    }
}
