// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.both;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.compress.Compression;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.testing.PAssert;
import org.apache.beam.sdk.testing.TestPipeline;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.MapElements;
import org.apache.beam.sdk.transforms.Reshuffle;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.TypeDescriptors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class ReadPipelineTest {
    @ParameterizedTest
    @EnumSource
    void everyBatchOfEveryUnitArrivesOnceWithItsIdentity(TestRunner runner) {
        TestPipeline pipeline = runner.pipeline();
        PCollection<ArrowBatch> batches =
                pipeline.apply(Probe.read(Map.of("units", 40, "batches_per_unit", 3, "rows_per_batch", 10))
                        .withStream("orders"));
        PAssert.that(described(batches)).containsInAnyOrder(expected("orders", 40, 3, 10));
        run(pipeline);
    }

    @ParameterizedTest
    @EnumSource
    void aBundleThatIsFullResumesBehindItsLastUnit(TestRunner runner) {
        TestPipeline pipeline = runner.pipeline();
        PCollection<ArrowBatch> batches =
                pipeline.apply(Probe.read(Map.of("units", 30, "batches_per_unit", 1, "rows_per_batch", 100))
                        .withStream("orders")
                        .withMaxInitialSplits(2)
                        .withMaxBundleBytes(1));
        PAssert.that(described(batches)).containsInAnyOrder(expected("orders", 30, 1, 100));
        StreamReport report = RunReport.of(run(pipeline)).streams().get("orders");
        assertThat("each unit is a bundle", report.get(RapidbyteMetrics.READ_BUNDLES), greaterThanOrEqualTo(30L));
        assertThat(report.recordsRead(), is(3000L));
    }

    @Test
    void severalStreamsAreReadSideBySide() {
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        PCollection<ArrowBatch> batches =
                pipeline.apply(Probe.read(Map.of("units", 5, "batches_per_unit", 2, "rows_per_batch", 1))
                        .withStreams(List.of(StreamSpec.of("orders"), StreamSpec.of("Kunden, alle"))));
        List<String> expected = expected("orders", 5, 2, 1);
        expected.addAll(expected("Kunden, alle", 5, 2, 1));
        PAssert.that(described(batches)).containsInAnyOrder(expected);
        RunReport report = RunReport.of(run(pipeline));
        assertThat(report.streams().get("orders").recordsRead(), is(10L));
        assertThat(report.streams().get("Kunden, alle").recordsRead(), is(10L));
        assertThat(report.total(RapidbyteMetrics.BATCHES_READ), is(20L));
    }

    @ParameterizedTest
    @EnumSource
    void streamsThatArriveAreRead(TestRunner runner) {
        TestPipeline pipeline = runner.pipeline();
        PCollection<ArrowBatch> batches = pipeline.apply(
                        Create.of(StreamSpec.of("orders"), StreamSpec.of("customers"), StreamSpec.of("refunds")))
                .apply(WasmIO.readAll()
                        .withConnector(Probe.sourceModule())
                        .withConfig(Map.of("units", 5, "batches_per_unit", 2, "rows_per_batch", 1)));
        List<String> expected = expected("orders", 5, 2, 1);
        expected.addAll(expected("customers", 5, 2, 1));
        expected.addAll(expected("refunds", 5, 2, 1));
        PAssert.that(described(batches)).containsInAnyOrder(expected);
        assertThat(RunReport.of(run(pipeline)).total(RapidbyteMetrics.BATCHES_READ), is(30L));
    }

    @Test
    void aSourceWithoutSnapshotsIsReadByItsPlans() {
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        try (SourceSnapshot snapshot = Probe.read(Map.of("units", 5, "batches_per_unit", 2, "rows_per_batch", 1))
                .withStream("orders")
                .openSnapshot()) {
            assertThat(snapshot.isShared(), is(false));
            PAssert.that(described(pipeline.apply(snapshot.read()))).containsInAnyOrder(expected("orders", 5, 2, 1));
            assertThat(RunReport.of(run(pipeline)).total(RapidbyteMetrics.SOURCE_PLAN), is(0L));
        }
    }

    @Test
    void anEmptyStreamSendsItsSchema() {
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        PCollection<ArrowBatch> batches = pipeline.apply(
                Probe.read(Map.of("units", 1, "batches_per_unit", 0)).withStream("orders"));
        PAssert.that(described(batches)).containsInAnyOrder("orders 0/0: 0 rows");
        run(pipeline);
    }

    @ParameterizedTest
    @EnumSource
    void compressedBatchesCrossAShuffleUnchangedAndTheTimeIsReported(TestRunner runner) {
        TestPipeline pipeline = runner.pipeline();
        PCollection<ArrowBatch> batches = pipeline.apply(
                        Probe.read(Map.of("units", 8, "batches_per_unit", 1, "rows_per_batch", 1000))
                                .withStream("orders")
                                .withCompression(Compression.LZ4))
                .apply(Reshuffle.viaRandomKey());
        PAssert.that(described(batches)).containsInAnyOrder(expected("orders", 8, 1, 1000));
        RunReport report = RunReport.of(run(pipeline));
        assertThat(report.total(RapidbyteMetrics.COMPRESS), greaterThan(0L));
        long before = report.total(RapidbyteMetrics.COMPRESS_BYTES_IN);
        assertThat(
                report.total(RapidbyteMetrics.COMPRESS_BYTES_OUT),
                is(both(greaterThan(0L)).and(lessThan(before))));
    }

    @ParameterizedTest
    @EnumSource
    void aFailureReachesTheUserAsTheConnectorsOwnSentence(TestRunner runner) {
        TestPipeline pipeline = runner.pipeline();
        pipeline.apply(Probe.read(Map.of(
                        "behaviour",
                        "error",
                        "units",
                        10,
                        "fail_unit",
                        7,
                        "error",
                        Map.of(
                                "category", "auth",
                                "code", "28P01",
                                "message", "probe-source may not log in as reader.")))
                .withStream("orders"));
        RuntimeException thrown = assertThrows(RuntimeException.class, () -> run(pipeline));
        ConnectorException failure = ConnectorFailures.find(thrown).orElseThrow(() -> thrown);
        assertThat(failure.connector(), is("probe-source"));
        assertThat(failure.error().code(), is("28P01"));
        assertThat(failure.getMessage(), containsString("may not log in as reader"));
    }

    @Test
    void thePhasesOfAReadSumToIt() {
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        pipeline.apply(
                Probe.read(Map.of("units", 20, "spin_micros_per_batch", 2000)).withStream("orders"));
        StreamReport report = RunReport.of(run(pipeline)).streams().get("orders");
        assertThat(report.read().sumNanos(), equalTo(report.read().wholeNanos()));
        assertThat(
                "the guest computes 2 ms for each batch",
                report.get(RapidbyteMetrics.SOURCE_ARROW_ENCODE),
                greaterThanOrEqualTo(20 * 2_000_000L));
        assertThat(report.get(RapidbyteMetrics.EMIT_COUNT), is(20L));
        assertThat(report.get("source_host_emit_batch_count"), is(20L));
        assertThat(report.get(RapidbyteMetrics.SOURCE_PLAN), greaterThan(0L));
        assertThat(report.get(RapidbyteMetrics.SOURCE_VM_SETUP), greaterThan(0L));
    }

    static PCollection<String> described(PCollection<ArrowBatch> batches) {
        return batches.apply(MapElements.into(TypeDescriptors.strings())
                .via(batch ->
                        describe(batch.stream(), batch.id().unit(), batch.id().sequence(), batch.rows())));
    }

    static List<String> expected(String stream, int units, int batchesPerUnit, int rows) {
        List<String> expected = new ArrayList<>();
        for (int unit = 0; unit < units; unit++) {
            for (int sequence = 0; sequence < batchesPerUnit; sequence++) {
                expected.add(describe(stream, unit, sequence, rows));
            }
        }
        return expected;
    }

    private static String describe(String stream, long unit, int sequence, int rows) {
        return stream + " " + unit + "/" + sequence + ": " + rows + " rows";
    }

    private static PipelineResult run(TestPipeline pipeline) {
        PipelineResult result = pipeline.run();
        result.waitUntilFinish();
        return result;
    }
}
