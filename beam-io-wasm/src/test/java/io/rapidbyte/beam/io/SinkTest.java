// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.wasm.ArrowFrames;
import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.StreamPlan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.beam.sdk.io.range.OffsetRange;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The writing step under a runner that is this test, with the real host and a real module. */
@Timeout(60)
class SinkTest {
    private static final int QUEUE = 4;

    private static List<ArrowBatch> orders;

    @BeforeAll
    static void makeBatches() {
        orders = batches("orders", 20);
    }

    @Test
    void aBundleIsCommittedWithOneReceiptForEachStream() {
        List<ArrowBatch> customers = batches("customers", 5);
        try (Sink sink = sink(Map.of())) {
            sink.startBundle();
            orders.forEach(sink::process);
            customers.forEach(sink::process);
            List<CommitReceipt> receipts = new ArrayList<>(sink.finishBundle());
            receipts.sort((a, b) -> a.stream().name().compareTo(b.stream().name()));

            assertThat(receipts, hasSize(2));
            CommitReceipt ofCustomers = receipts.get(0);
            assertThat(ofCustomers.runId(), is(Probe.RUN));
            assertThat(ofCustomers.stream().name(), is("customers"));
            assertThat(
                    "the schema's metadata names the relation",
                    ofCustomers.stream().namespace(),
                    is("probe"));
            assertThat(ofCustomers.stream().table(), is("customers"));
            assertThat(ofCustomers.rows(), is(50L));
            assertThat(ofCustomers.batches(), is(5L));
            assertThat(
                    ofCustomers.bytes(),
                    is(customers.stream().mapToLong(ArrowBatch::sizeBytes).sum()));
            assertThat(
                    ofCustomers.schema(),
                    equalTo(ArrowFrames.schemaOf(customers.get(0).frame())));
            assertThat(receipts.get(1).rows(), is(200L));
        }
    }

    @Test
    void manyBundlesGoThroughOneInstance() {
        try (Sink sink = sink(Map.of())) {
            for (int bundle = 0; bundle < 20; bundle++) {
                sink.startBundle();
                sink.process(orders.get(bundle));
                assertThat(sink.finishBundle().get(0).batches(), is(1L));
            }
        }
        assertThat(writerThreads(), is(0L));
    }

    @Test
    void aBundleWithoutBatchesHasNoReceipt() {
        try (Sink sink = sink(Map.of())) {
            sink.startBundle();
            assertThat(sink.finishBundle(), empty());
        }
    }

    @Test
    void aBatchWithoutRowsIsWrittenToo() {
        List<ArrowBatch> nothing = read(Map.of("units", 1, "batches_per_unit", 0), "orders");
        try (Sink sink = sink(Map.of())) {
            sink.startBundle();
            nothing.forEach(sink::process);
            CommitReceipt receipt = sink.finishBundle().get(0);
            assertThat(receipt.batches(), is(1L));
            assertThat(receipt.rows(), is(0L));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"trap_after", "panic_after", "error_after", "stop_early"})
    void aWriterThatDiesMidwayIsNoticedThoughTheQueueIsFull(String behaviour) {
        try (Sink sink = sink(Map.of("behaviour", behaviour, "after_batches", 2))) {
            sink.startBundle();
            ConnectorException failure = assertThrows(ConnectorException.class, () -> {
                // Far more than the queue takes: without noticing, this would wait for ever.
                for (int round = 0; round < 10; round++) {
                    orders.forEach(sink::process);
                }
            });
            assertThat(failure.connector(), is("probe-destination"));
            assertThat("the bundle is abandoned at once", writerThreads(), is(0L));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"trap_after", "error_after"})
    void aWriterThatDiesAtTheLastBatchIsNoticedAtTheEndOfTheBundle(String behaviour) {
        try (Sink sink = sink(Map.of("behaviour", behaviour, "after_batches", 3))) {
            sink.startBundle();
            orders.subList(0, 3).forEach(sink::process);
            assertThrows(ConnectorException.class, sink::finishBundle);
            assertThat(writerThreads(), is(0L));
        }
    }

    @Test
    void theConnectorsErrorArrivesWithItsWholeRecord() {
        Map<String, ?> error = Map.of(
                "category", "transient_db",
                "code", "40001",
                "message", "probe-destination lost a race.",
                "retryable", true);
        try (Sink sink = sink(Map.of("behaviour", "error", "call", "write", "error", error))) {
            sink.startBundle();
            // The writer fails by itself, before or after the batch is handed over.
            ConnectorException failure = assertThrows(ConnectorException.class, () -> {
                sink.process(orders.get(0));
                sink.finishBundle();
            });
            assertThat(failure.error().category(), is(Category.TRANSIENT_DB));
            assertThat(failure.error().code(), is("40001"));
            assertThat(failure.error().retryable(), is(true));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"open", "apply"})
    void anErrorBeforeTheFirstBatchIsNoticed(String call) {
        try (Sink sink = sink(Map.of("behaviour", "error", "call", call))) {
            sink.startBundle();
            ConnectorException failure = assertThrows(ConnectorException.class, () -> {
                for (int round = 0; round < 10; round++) {
                    orders.forEach(sink::process);
                }
            });
            assertThat(failure.error().code(), is("probe_error"));
        }
    }

    /** Another step of a fused bundle failed: this one hears of it at the next bundle, or when it is torn down. */
    @Test
    void anAbandonedBundleIsRolledBackAndTheNextOneWorks() {
        try (Sink sink = sink(Map.of())) {
            sink.startBundle();
            orders.subList(0, 3).forEach(sink::process);
            assertThat(writerThreads(), is(1L));

            sink.startBundle();
            assertThat("the writer of the abandoned bundle is gone", writerThreads(), is(0L));
            sink.process(orders.get(7));
            assertThat(sink.finishBundle().get(0).batches(), is(1L));

            sink.startBundle();
            sink.process(orders.get(8));
        }
        assertThat("tearing down leaves no thread", writerThreads(), is(0L));
    }

    @Test
    void anAbandonedWriterThatComputesForEverIsStopped() {
        long start = System.nanoTime();
        try (Sink sink = sink(Map.of("behaviour", "loop_after", "after_batches", 1))) {
            sink.startBundle();
            sink.process(orders.get(0));
            sink.startBundle();
            assertThat(writerThreads(), is(0L));
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start), lessThan(Duration.ofSeconds(20)));
    }

    @Test
    void aRunnerThatInterruptsGetsItsThreadBack() throws Exception {
        try (Sink sink = new Sink(Probe.destination(Map.of("behaviour", "slow")), 1, Long.MAX_VALUE)) {
            sink.startBundle();
            Thread.currentThread().interrupt();
            assertThrows(IllegalStateException.class, () -> orders.forEach(sink::process));
            Thread.interrupted();
            assertThat(writerThreads(), is(0L));
        }
    }

    @Test
    void aFrameThatIsNotWhatTheBatchSaysIsRefused() {
        ArrowBatch liar = ArrowBatch.of(
                new BatchId(Probe.RUN, "orders", 0, 0), 11, orders.get(0).frame());
        ArrowBatch garbage = ArrowBatch.of(new BatchId(Probe.RUN, "orders", 0, 0), 1, new byte[100]);
        try (Sink sink = sink(Map.of())) {
            sink.startBundle();
            sink.process(liar);
            ConnectorException failure = assertThrows(ConnectorException.class, sink::finishBundle);
            assertThat(failure.error().category(), is(Category.FRAME));
            assertThat(failure.getMessage(), containsString("holds 10 rows in its frame"));

            sink.startBundle();
            failure = assertThrows(ConnectorException.class, () -> sink.process(garbage));
            assertThat(failure.error().category(), is(Category.FRAME));
        }
    }

    private static Sink sink(Map<String, ?> config) {
        return new Sink(Probe.destination(config), QUEUE, Long.MAX_VALUE);
    }

    static long writerThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("rapidbyte-writer-"))
                .count();
    }

    static List<ArrowBatch> batches(String stream, int count) {
        return read(Map.of("units", count, "rows_per_batch", 10), stream);
    }

    static List<ArrowBatch> read(Map<String, ?> config, String stream) {
        ConnectorSpec source = Probe.source(config);
        StreamPlan plan = Probe.plan(source, stream);
        List<ArrowBatch> batches = new ArrayList<>();
        ReadUnitsDoFn step = new ReadUnitsDoFn(source, 1);
        step.setup(PipelineOptionsFactory.create());
        step.process(
                new PlannedStream(plan, Long.MAX_VALUE),
                new UnitTracker(stream, new OffsetRange(0, plan.units())),
                Collected.batches(batches::add));
        step.teardown();
        return batches;
    }
}
