// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.anEmptyMap;
import static org.hamcrest.Matchers.both;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WriteMode;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.testing.PAssert;
import org.apache.beam.sdk.testing.TestPipeline;
import org.apache.beam.sdk.testing.TestStream;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.Filter;
import org.apache.beam.sdk.transforms.MapElements;
import org.apache.beam.sdk.transforms.Sum;
import org.apache.beam.sdk.transforms.Wait;
import org.apache.beam.sdk.transforms.windowing.FixedWindows;
import org.apache.beam.sdk.transforms.windowing.IntervalWindow;
import org.apache.beam.sdk.transforms.windowing.Window;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.TimestampedValue;
import org.apache.beam.sdk.values.TypeDescriptors;
import org.joda.time.Duration;
import org.joda.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class WritePipelineTest {
    /** What happened, in its order; static, since steps are copied. */
    private static final Queue<String> ORDER = new ConcurrentLinkedQueue<>();

    private static final List<StreamSpec> STREAMS = List.of(StreamSpec.of("orders"), StreamSpec.of("customers"));

    @ParameterizedTest
    @EnumSource
    void everyRowIsReceiptedAndEveryStreamFinalizedOnce(TestRunner runner) {
        TestPipeline pipeline = runner.pipeline();
        WasmWriteResult written = pipeline.apply(
                        Probe.read(Map.of("units", 40, "batches_per_unit", 2, "rows_per_batch", 50))
                                .withStreams(STREAMS)
                                .withMaxBundleBytes(20_000))
                .apply(Probe.write(Map.of()).withWriteMode(WriteMode.REPLACE));
        PAssert.that(rowsByStream(written.getReceipts()))
                .containsInAnyOrder(List.of(KV.of("orders", 4000L), KV.of("customers", 4000L)));
        long bytes = frameBytes(40, 2, 50, "orders");
        long moreBytes = frameBytes(40, 2, 50, "customers");
        PAssert.that(written.getFinalized())
                .containsInAnyOrder(
                        new FinalizedStream("orders", "probe.orders", 4000, bytes, 80),
                        new FinalizedStream("customers", "probe.customers", 4000, moreBytes, 80));
        RunReport report = RunReport.of(run(pipeline));
        for (StreamReport stream : report.streams().values()) {
            assertThat(stream.recordsRead(), is(4000L));
            assertThat(stream.recordsWritten(), is(4000L));
            assertThat(stream.bytesRead(), is(stream.bytesWritten()));
            assertThat(stream.get(RapidbyteMetrics.BATCHES_WRITTEN), is(80L));
            assertThat(stream.read().sumNanos(), equalTo(stream.read().wholeNanos()));
            assertThat(stream.write().sumNanos(), equalTo(stream.write().wholeNanos()));
            assertThat(stream.get(RapidbyteMetrics.DEST_ARROW_DECODE), greaterThan(0L));
            assertThat(stream.get(RapidbyteMetrics.DEST_RECV_COUNT), is(80L));
            assertThat(stream.get("dest_host_next_batch_count"), greaterThanOrEqualTo(80L));
            assertThat(stream.get(RapidbyteMetrics.DEST_FINALIZE), greaterThan(0L));
            long workers = stream.get(RapidbyteMetrics.DEST_WORKERS);
            long most = stream.get(RapidbyteMetrics.DEST_WORKER_RECORDS_MAX);
            assertThat(workers, is(both(greaterThan(0L)).and(lessThanOrEqualTo(4L))));
            assertThat(most, is(both(lessThanOrEqualTo(4000L)).and(greaterThanOrEqualTo(4000 / workers))));
        }
        // A stream may go by instances that the other one opened.
        assertThat(report.total(RapidbyteMetrics.DEST_VM_SETUP), greaterThan(0L));
    }

    @ParameterizedTest
    @EnumSource
    void anEmptyStreamIsFinalizedAndNoBatchesMeanNoStream(TestRunner runner) {
        TestPipeline pipeline = runner.pipeline();
        WasmWriteResult empty = pipeline.apply(
                        "read",
                        Probe.read(Map.of("units", 1, "batches_per_unit", 0)).withStream("orders"))
                .apply("write", Probe.write(Map.of()).withWriteMode(WriteMode.REPLACE));
        WasmWriteResult nothing = pipeline.apply("none", Create.empty(ArrowBatchCoder.of()))
                .apply("write none", Probe.write(Map.of()).withWriteMode(WriteMode.REPLACE));
        PAssert.that(empty.getFinalized()
                        .apply(MapElements.into(TypeDescriptors.strings()).via(FinalizedStream::target)))
                .containsInAnyOrder("probe.orders");
        PAssert.that(nothing.getReceipts()).empty();
        PAssert.that(nothing.getFinalized()).empty();
        run(pipeline);
    }

    @ParameterizedTest
    @EnumSource
    void aFailureOfTheDestinationReachesTheUser(TestRunner runner) {
        TestPipeline pipeline = runner.pipeline();
        pipeline.apply(Probe.read(Map.of("units", 40)).withStream("orders"))
                .apply(Probe.write(Map.of("behaviour", "error_after", "after_batches", 3)));
        RuntimeException thrown = assertThrows(RuntimeException.class, () -> run(pipeline));
        ConnectorException failure = ConnectorFailures.find(thrown).orElseThrow(() -> thrown);
        assertThat(failure.connector(), is("probe-destination"));
        assertThat(failure.error().code(), is("probe_error"));
    }

    @Test
    void aFailureToFinalizeReachesTheUser() {
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        pipeline.apply(Probe.read(Map.of("units", 2)).withStream("orders"))
                .apply(Probe.write(Map.of("behaviour", "error", "call", "finalize")));
        RuntimeException thrown = assertThrows(RuntimeException.class, () -> run(pipeline));
        assertThat(
                ConnectorFailures.find(thrown).orElseThrow(() -> thrown).error().code(), is("probe_error"));
    }

    @Test
    void receiptsKeepTheWindowsOfTheirBatches() {
        List<ArrowBatch> batches = SinkTest.batches("orders", 3);
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        WasmWriteResult written = pipeline.apply(Create.timestamped(
                                TimestampedValue.of(batches.get(0), new Instant(1_000)),
                                TimestampedValue.of(batches.get(1), new Instant(2_000)),
                                TimestampedValue.of(batches.get(2), new Instant(61_000)))
                        .withCoder(ArrowBatchCoder.of()))
                .apply(Window.into(FixedWindows.of(Duration.standardMinutes(1))))
                .apply(Probe.write(Map.of()));
        PCollection<KV<String, Long>> rows = rowsByStream(written.getReceipts());
        PAssert.that(rows)
                .inWindow(new IntervalWindow(new Instant(0), new Instant(60_000)))
                .containsInAnyOrder(List.of(KV.of("orders", 20L)));
        PAssert.that(rows)
                .inWindow(new IntervalWindow(new Instant(60_000), new Instant(120_000)))
                .containsInAnyOrder(List.of(KV.of("orders", 10L)));
        PAssert.that(written.getFinalized()
                        .apply(MapElements.into(TypeDescriptors.longs()).via(FinalizedStream::rows)))
                .containsInAnyOrder(30L);
        run(pipeline);
    }

    @Test
    void anUnboundedInputIsWrittenAndNeverFinalized() {
        List<ArrowBatch> batches = SinkTest.batches("orders", 2);
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        WasmWriteResult written = pipeline.apply(TestStream.create(ArrowBatchCoder.of())
                        .addElements(batches.get(0), batches.get(1))
                        .advanceWatermarkToInfinity())
                .apply(Probe.write(Map.of()));
        PAssert.that(written.getFinalized()).empty();
        assertThat(RunReport.of(run(pipeline)).streams().get("orders").recordsWritten(), is(20L));
    }

    @ParameterizedTest
    @EnumSource
    void stableInputIsWrittenLikeAnyOther(TestRunner runner) {
        everyRowIsWrittenFromStableInput(runner.pipeline());
    }

    /** Flink keeps what comes until its next checkpoint, and gives it to the step then. */
    @Test
    void stableInputIsWrittenWhereCheckpointsMakeItStable() {
        everyRowIsWrittenFromStableInput(TestRunner.FLINK.pipeline(
                "--streaming=true",
                "--checkpointingInterval=100",
                "--shutdownSourcesAfterIdleMs=1",
                // What is kept when the input ends is kept for ever otherwise, and the job fails.
                "--enableStableInputDrain=true"));
    }

    private static void everyRowIsWrittenFromStableInput(TestPipeline pipeline) {
        WasmWriteResult written = pipeline.apply(
                        Probe.read(Map.of("units", 4, "rows_per_batch", 5)).withStream("orders"))
                .apply(Probe.write(Map.of()).withStableInput());
        PAssert.that(rowsByStream(written.getReceipts())).containsInAnyOrder(List.of(KV.of("orders", 20L)));
        run(pipeline);
    }

    /** What comes after the data must not begin before it: the signal ends with the input, and not at once. */
    @Test
    void whatWaitsForAnUnboundedInputToBeFinalizedWaitsForItsEnd() {
        ORDER.clear();
        List<ArrowBatch> batches = SinkTest.batches("orders", 2);
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        WasmWriteResult written = pipeline.apply(TestStream.create(ArrowBatchCoder.of())
                        .addElements(batches.get(0))
                        .advanceWatermarkTo(new Instant(1_000))
                        .addElements(batches.get(1))
                        .advanceWatermarkToInfinity())
                .apply(Probe.write(Map.of()));
        written.getReceipts()
                .apply("written", MapElements.into(TypeDescriptors.booleans()).via(receipt -> ORDER.add("written")));
        pipeline.apply("next", Create.of("next"))
                .apply(Wait.on(written.getFinalized()))
                .apply("begin", MapElements.into(TypeDescriptors.booleans()).via(next -> ORDER.add(next)));

        run(pipeline);

        assertThat(List.copyOf(ORDER), contains("written", "written", "next"));
    }

    /** It carries where the stream ends, and stands for the stream when there is no row in it. */
    @Test
    void aStreamWithoutItsFirstBatchIsNotFinalized() {
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        pipeline.apply(Probe.read(Map.of("units", 3)).withStream("orders"))
                .apply(Filter.by(batch -> batch.id().unit() > 0))
                .apply(Probe.write(Map.of()));
        RuntimeException thrown = assertThrows(RuntimeException.class, () -> run(pipeline));
        ConnectorException failure = ConnectorFailures.find(thrown).orElseThrow(() -> thrown);
        assertThat(failure.error().code(), is("first_batch_missing"));
        assertThat(failure.getMessage(), containsString("the first batch of stream orders"));
        assertThat(failure.error().retryable(), is(false));
    }

    @Test
    void aRunWithoutConnectorsHasAnEmptyReport() {
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        pipeline.apply(Create.of(1));
        assertThat(RunReport.of(run(pipeline)).streams(), anEmptyMap());
    }

    private static PCollection<KV<String, Long>> rowsByStream(PCollection<CommitReceipt> receipts) {
        return receipts.apply(MapElements.into(TypeDescriptors.kvs(TypeDescriptors.strings(), TypeDescriptors.longs()))
                        .via(receipt -> KV.of(receipt.stream().name(), receipt.rows())))
                .apply(Sum.longsPerKey());
    }

    private static long frameBytes(int units, int batchesPerUnit, int rows, String stream) {
        return SinkTest.read(Map.of("units", units, "batches_per_unit", batchesPerUnit, "rows_per_batch", rows), stream)
                .stream()
                .mapToLong(ArrowBatch::sizeBytes)
                .sum();
    }

    private static PipelineResult run(TestPipeline pipeline) {
        PipelineResult result = pipeline.run();
        result.waitUntilFinish();
        return result;
    }
}
