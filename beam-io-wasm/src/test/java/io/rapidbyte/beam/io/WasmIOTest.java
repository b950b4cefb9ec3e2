// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasEntry;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.SyncMode;
import io.rapidbyte.wasm.WriteMode;
import io.rapidbyte.wasm.compress.Compression;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.display.DisplayData;
import org.apache.beam.sdk.transforms.display.HasDisplayData;
import org.apache.beam.sdk.transforms.reflect.DoFnSignatures;
import org.apache.beam.sdk.transforms.windowing.FixedWindows;
import org.apache.beam.sdk.transforms.windowing.Window;
import org.apache.beam.sdk.util.SerializableUtils;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollection.IsBounded;
import org.hamcrest.Matcher;
import org.joda.time.Duration;
import org.junit.jupiter.api.Test;

class WasmIOTest {
    private static final Map<String, ?> SECRET = Map.of("password", "hunter2");

    @Test
    void whatIsMissingIsSaidWhereTheGraphIsBuilt() {
        refused(
                pipeline -> pipeline.apply(WasmIO.read().withStream("orders")),
                containsString("WasmIO.read() has no connector: call withConnector("));
        refused(
                pipeline -> pipeline.apply(Probe.read(Map.of())),
                is(
                        "WasmIO.read() of probe-source has no stream: name what to read with withStream(\"…\") or withStreams(…)."));
        refused(
                pipeline -> batches(pipeline).apply(WasmIO.write()),
                containsString("WasmIO.write() has no connector: call withConnector("));
        refused(
                pipeline -> batches(pipeline).apply(Probe.write(Map.of()).withWriteMode(WriteMode.UPSERT)),
                containsString("call withPrimaryKey("));
    }

    @Test
    void aConnectorOfTheWrongRoleIsRefused() {
        refused(
                pipeline -> WasmIO.read().withConnector(Probe.destinationModule()),
                is("WasmIO.read() needs a source, and connector probe-destination is a destination."));
        refused(
                pipeline -> WasmIO.write().withConnector(Probe.sourceModule()),
                is("WasmIO.write() needs a destination, and connector probe-source is a source."));
    }

    @Test
    void whatTheConnectorCannotDoIsRefused() {
        refused(
                pipeline -> pipeline.apply(
                        Probe.read(Map.of()).withStream(StreamSpec.of("orders").withSyncMode(SyncMode.CDC))),
                is("Stream orders asks for sync mode cdc, and connector probe-source knows full_refresh."));
    }

    @Test
    void aStreamHasWhatItsModeNeedsAndNothingElse() {
        StreamSpec orders = StreamSpec.of("orders");
        refused(
                pipeline -> pipeline.apply(Probe.read(Map.of()).withStream(orders.withSyncMode(SyncMode.INCREMENTAL))),
                is("Stream orders asks for sync mode incremental, and connector probe-source knows full_refresh."));
        refused(
                pipeline -> pipeline.apply(WasmIO.read()
                        .withConnector(ConnectorModule.bundled("source-postgres"))
                        .withStream(orders.withSyncMode(SyncMode.INCREMENTAL))),
                containsString(
                        "Stream orders asks for sync mode incremental and has no cursor field: name the column"));
        refused(
                pipeline -> pipeline.apply(WasmIO.read()
                        .withConnector(ConnectorModule.bundled("source-postgres"))
                        .withStream(orders.withSyncMode(SyncMode.INCREMENTAL)
                                .withCursor("at", null)
                                .withMaxRecords(5L))),
                containsString("asks for sync mode incremental and for a part of its records"));
        refused(
                pipeline -> pipeline.apply(Probe.read(Map.of()).withStream(orders.withCursor("at", null))),
                containsString(
                        "Stream orders has a cursor field, and sync mode full_refresh, which reads all rows, has no"));
        refused(
                pipeline -> pipeline.apply(Probe.read(Map.of()).withStream(orders.withCursor(null, "id"))),
                containsString("Stream orders has a tie breaker field"));
        refused(
                pipeline -> pipeline.apply(Probe.read(Map.of()).withStream(orders.withPosition("{}"))),
                containsString("Stream orders has a position"));
        refused(
                pipeline -> orders.withPosition("17"),
                containsString("The position of stream orders is not a JSON object"));
    }

    @Test
    void settingsOutOfRangeAreRefused() {
        refused(
                pipeline -> WasmIO.read().withMaxBundleBytes(0),
                is("WasmIO.read().withMaxBundleBytes(0) needs a number above zero."));
        refused(
                pipeline -> WasmIO.read().withMaxInitialSplits(-1),
                is("WasmIO.read().withMaxInitialSplits(-1) needs a number above zero."));
        refused(
                pipeline -> WasmIO.write().withMaxInflightBatches(0),
                is("WasmIO.write().withMaxInflightBatches(0) needs a number above zero."));
        refused(
                pipeline -> WasmIO.write().withMaxInflightBytes(0),
                is("WasmIO.write().withMaxInflightBytes(0) needs a number above zero."));
        refused(pipeline -> WasmIO.read().withRunId(" "), containsString("The run id is blank"));
        refused(
                pipeline -> WasmIO.read().withStream("orders").withStream("orders"),
                is("WasmIO.read() was given stream orders twice; give each stream a name of its own."));
    }

    @Test
    void replaceNeedsABoundedInputInTheGlobalWindow() {
        refused(
                pipeline -> batches(pipeline)
                        .setIsBoundedInternal(IsBounded.UNBOUNDED)
                        .apply(Probe.write(Map.of()).withWriteMode(WriteMode.REPLACE)),
                containsString("in mode replace needs a bounded input in the global window"));
        refused(
                pipeline -> batches(pipeline)
                        .apply(Window.into(FixedWindows.of(Duration.standardMinutes(1))))
                        .apply(Probe.write(Map.of()).withWriteMode(WriteMode.REPLACE)),
                containsString("in mode replace needs a bounded input in the global window"));
        Pipeline pipeline = Pipeline.create();
        batches(pipeline).setIsBoundedInternal(IsBounded.UNBOUNDED).apply(Probe.write(Map.of()));
    }

    @Test
    void displayDataTellsTheSettingsAndNoSecret() {
        Map<String, String> read = displayed(Probe.read(SECRET)
                .withStreams(List.of(StreamSpec.of("orders"), StreamSpec.of("customers")))
                .withCompression(Compression.ZSTD)
                .withMaxBundleBytes(1000));
        assertThat(read, hasEntry("connector", "probe-source"));
        assertThat(read, hasEntry("streams", "orders, customers"));
        assertThat(read, hasEntry("runId", Probe.RUN));
        assertThat(read, hasEntry("compression", "zstd"));
        assertThat(read, hasEntry("maxBundleBytes", "1000"));
        assertThat(read, hasEntry("maxInitialSplits", "32"));
        assertThat(read.toString(), not(containsString("hunter2")));

        Map<String, String> write =
                displayed(Probe.write(SECRET).withWriteMode(WriteMode.UPSERT).withPrimaryKey(List.of("a", "b")));
        assertThat(write, hasEntry("connector", "probe-destination"));
        assertThat(write, hasEntry("writeMode", "upsert"));
        assertThat(write, hasEntry("primaryKey", "a, b"));
        assertThat(write, hasEntry("maxInflightBatches", "16"));
        assertThat(write, hasEntry("maxInflightBytes", "67108864"));
        assertThat(write.toString(), not(containsString("hunter2")));
    }

    /** A commit inside of a bundle doubles rows where batches that come again are written again. */
    @Test
    void byDefaultOnlyWhatWritesEveryBatchOnceCommitsInsideOfABundle() {
        WasmIO.Write postgres = WasmIO.write().withConnector(ConnectorModule.bundled("dest-postgres"));
        String sixtyFour = String.valueOf(64 << 20);
        assertThat(checkpointBytes(postgres), is(sixtyFour));
        assertThat(checkpointBytes(postgres.withConfig(Map.of("exactly_once", true))), is(sixtyFour));
        assertThat(checkpointBytes(postgres.withConfig("{\"exactly_once\": null}")), is(sixtyFour));
        assertThat(checkpointBytes(postgres.withConfig(Map.of("exactly_once", false))), is("0"));
        assertThat(checkpointBytes(postgres.withConfig(Map.of("exactly_once", "false"))), is("0"));
        assertThat(checkpointBytes(Probe.write(Map.of())), is("0"));
        assertThat(
                "what is asked for counts",
                checkpointBytes(
                        postgres.withConfig(Map.of("exactly_once", false)).withCheckpointIntervalBytes(7)),
                is("7"));
    }

    private static String checkpointBytes(WasmIO.Write write) {
        return displayed(write).get("checkpointIntervalBytes");
    }

    @Test
    void whatReadsArrivingStreamsTellsItsSettingsAndNoSecret() {
        WasmIO.ReadAll read = WasmIO.readAll()
                .withConnector(Probe.sourceModule())
                .withConfig(SECRET)
                .withRunId(Probe.RUN)
                .withCompression(Compression.LZ4)
                .withMaxBundleBytes(1000)
                .withMaxInitialSplits(3);
        Map<String, String> displayed = displayed(read);
        assertThat(displayed, hasEntry("connector", "probe-source"));
        assertThat(displayed, hasEntry("runId", Probe.RUN));
        assertThat(displayed, hasEntry("compression", "lz4"));
        assertThat(displayed, hasEntry("maxBundleBytes", "1000"));
        assertThat(displayed, hasEntry("maxInitialSplits", "3"));
        assertThat(displayed.toString() + read, not(containsString("hunter2")));
        refused(
                pipeline -> WasmIO.readAll().withConnector(Probe.destinationModule()),
                startsWith("WasmIO.readAll() needs a source"));
        refused(
                pipeline -> pipeline.apply(Create.of(StreamSpec.of("orders"))).apply(WasmIO.readAll()),
                startsWith("WasmIO.readAll() has no connector"));
    }

    @Test
    void noTextFormShowsASecret() {
        assertThat(Probe.read(SECRET).toString(), not(containsString("hunter2")));
        assertThat(Probe.write(SECRET).toString(), not(containsString("hunter2")));
        assertThat(Probe.source(SECRET).toString(), not(containsString("hunter2")));
    }

    @Test
    void specsAndStepsTravelToWorkers() {
        SerializableUtils.ensureSerializable(Probe.read(SECRET).withStream("orders"));
        SerializableUtils.ensureSerializable(Probe.write(SECRET));
        SerializableUtils.ensureSerializable(new PlanStreamsDoFn(Probe.source(SECRET), 1, 1));
        SerializableUtils.ensureSerializable(new ReadUnitsDoFn(Probe.source(SECRET), 1));
        SerializableUtils.ensureSerializable(
                new WriteBatchesDoFn(Probe.destination(SECRET), Probe.append(), CheckpointIntervals.NONE, 1, 1));
        SerializableUtils.ensureSerializable(new TotalStreamsDoFn("probe-destination", WriteMode.APPEND));
        SerializableUtils.ensureSerializable(new FinalizeStreamsDoFn(Probe.destination(SECRET), Probe.append()));
    }

    @Test
    void whoMakesBatchesAnewCanAskForStableInput() {
        assertThat(displayed(Probe.write(Map.of())), hasEntry("stableInput", "false"));
        assertThat(displayed(Probe.write(Map.of()).withStableInput()), hasEntry("stableInput", "true"));
        assertThat(
                requiresStableInput(new WriteBatchesDoFn(
                        Probe.destination(SECRET), Probe.append(), CheckpointIntervals.NONE, 1, 1)),
                is(false));
        assertThat(
                requiresStableInput(new StableWriteBatchesDoFn(
                        Probe.destination(SECRET), Probe.append(), CheckpointIntervals.NONE, 1, 1)),
                is(true));
    }

    private static boolean requiresStableInput(DoFn<?, ?> step) {
        return DoFnSignatures.signatureForDoFn(step).processElement().requiresStableInput();
    }

    @Test
    void outputsHaveTheirCoders() {
        Pipeline pipeline = Pipeline.create();
        PCollection<ArrowBatch> batches =
                pipeline.apply(Probe.read(Map.of()).withStream("orders").withCompression(Compression.LZ4));
        assertThat(batches.getCoder(), is(ArrowBatchCoder.of(Compression.LZ4)));
        assertThat(batches.isBounded(), is(IsBounded.BOUNDED));
        WasmWriteResult written = batches.apply(Probe.write(Map.of()));
        assertThat(written.getReceipts().getCoder().getEncodedTypeDescriptor().getRawType(), is((Object)
                CommitReceipt.class));
        assertThat(written.getFinalized().getCoder().getEncodedTypeDescriptor().getRawType(), is((Object)
                FinalizedStream.class));
    }

    private static Map<String, String> displayed(HasDisplayData described) {
        return DisplayData.from(described).items().stream()
                .collect(Collectors.toMap(item -> item.getKey(), item -> String.valueOf(item.getValue())));
    }

    private static PCollection<ArrowBatch> batches(Pipeline pipeline) {
        return pipeline.apply(Create.empty(ArrowBatchCoder.of()));
    }

    private static void refused(Consumer<Pipeline> construction, Matcher<String> sentence) {
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> construction.accept(Pipeline.create()));
        assertThat(refused.getMessage(), sentence);
    }
}
