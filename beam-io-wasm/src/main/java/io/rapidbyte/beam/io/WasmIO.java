// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static java.util.Objects.requireNonNull;

import com.google.auto.value.AutoValue;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.Grants;
import io.rapidbyte.wasm.Limits;
import io.rapidbyte.wasm.RecordPolicy;
import io.rapidbyte.wasm.Role;
import io.rapidbyte.wasm.SchemaEvolution;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WriteMode;
import io.rapidbyte.wasm.compress.Compression;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.annotation.Nullable;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.coders.ListCoder;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.io.range.OffsetRange;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.GroupByKey;
import org.apache.beam.sdk.transforms.MapElements;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Reshuffle;
import org.apache.beam.sdk.transforms.WithKeys;
import org.apache.beam.sdk.transforms.display.DisplayData;
import org.apache.beam.sdk.transforms.windowing.DefaultTrigger;
import org.apache.beam.sdk.transforms.windowing.GlobalWindows;
import org.apache.beam.sdk.transforms.windowing.Window;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollection.IsBounded;
import org.apache.beam.sdk.values.PCollectionTuple;
import org.apache.beam.sdk.values.TupleTagList;
import org.apache.beam.sdk.values.TypeDescriptor;
import org.apache.beam.sdk.values.TypeDescriptors;
import org.joda.time.Duration;

/**
 * Reads and writes tables through connectors that run as sandboxed WebAssembly modules. What flows between the two are Arrow record
 * batches ({@link ArrowBatch}).
 *
 * <p>A pipeline that copies two tables of one Postgres database into another:
 *
 * <pre>{@code
 * Pipeline pipeline = Pipeline.create(options);
 * PCollection<ArrowBatch> batches = pipeline.apply("Read shop", WasmIO.read()
 *     .withConnector(ConnectorModule.bundled("source-postgres"))
 *     .withConfig(Map.of(
 *         "host", "db.example.com", "database", "shop", "user", "reader", "password", System.getenv("SHOP_PASSWORD")))
 *     .withStreams(List.of(StreamSpec.of("orders"), StreamSpec.of("customers"))));
 *
 * WasmWriteResult written = batches.apply("Write warehouse", WasmIO.write()
 *     .withConnector(ConnectorModule.bundled("dest-postgres"))
 *     .withConfig(Map.of(
 *         "host", "dwh.example.com", "database", "dwh", "user", "loader", "password", System.getenv("DWH_PASSWORD"),
 *         "schema", "shop"))
 *     .withWriteMode(WriteMode.REPLACE));
 *
 * written.getFinalized().apply("Tell", MapElements.into(TypeDescriptors.strings())
 *     .via(stream -> stream.stream() + ": " + stream.rows() + " rows in " + stream.target()));
 * PipelineResult result = pipeline.run();
 * result.waitUntilFinish();
 * RunReport report = RunReport.of(result);
 * }</pre>
 *
 * <p>A stream is read in parallel as far as its source can divide it, and runners may split it further while it is read. A connector's
 * failure arrives as a {@code ConnectorException} below what the runner throws; {@link ConnectorFailures#find} finds it. Everything is
 * measured, under the names in {@link RapidbyteMetrics}; {@link RunReport} adds it up.
 *
 * <p>Configurations may hold passwords. They appear in no log, error or display data, but travel in the serialised graph.
 */
public final class WasmIO {
    private static final String READ = "WasmIO.read()";
    private static final String READ_ALL = "WasmIO.readAll()";
    static final String WRITE = "WasmIO.write()";

    private static final ListCoder<StreamSpec> LISTS_OF_STREAMS = ListCoder.of(SerializableCoder.of(StreamSpec.class));

    private static final SerializableCoder<StreamCommit> COMMITS = SerializableCoder.of(StreamCommit.class);

    private static final long DEFAULT_CHECKPOINT_BYTES = 64L << 20;

    private WasmIO() {}

    /** Reads streams from a source. At least a connector and a stream must be given. */
    public static Read read() {
        return new AutoValue_WasmIO_Read.Builder()
                .setSpec(ConnectorSpec.empty())
                .setStreams(List.of())
                .setPlans(List.of())
                .setUnits(List.of())
                .setCompression(Compression.NONE)
                .setMaxBundleBytes(8L << 20)
                .setMaxInitialSplits(InitialSplits.DEFAULT_MAX)
                .setRecordPolicy(RecordPolicy.FAIL)
                .build();
    }

    /** Reads the streams that arrive, which a pipeline may have computed. At least a connector must be given. */
    public static ReadAll readAll() {
        return new AutoValue_WasmIO_ReadAll(read());
    }

    /**
     * Writes batches into a destination. At least a connector must be given.
     *
     * <p>Steps between reading and writing may change what is in a batch ({@link ArrowBatch#withFrame}), and may not leave one out, also when no
     * row is left in it: the first of a stream carries where the stream ends, and is all there is of a stream without rows. A stream
     * without its first batch is not finalized ({@code first_batch_missing}); one that lost all of its batches is as one that was not read.
     *
     * <p>A bundle that is repeated has to have the same batches: a destination that writes every batch once knows them by their identities, and
     * refuses one that holds other rows than before. Where a step makes batches anew each time from something that changes, or puts them together
     * as they arrive, {@link Write#withStableInput()} is needed.
     */
    public static Write write() {
        return new AutoValue_WasmIO_Write.Builder()
                .setSpec(ConnectorSpec.empty())
                .setWriteMode(WriteMode.APPEND)
                .setPrimaryKey(List.of())
                .setDataErrorPolicy(RecordPolicy.FAIL)
                .setSchemaEvolution(SchemaEvolution.defaults())
                .setCheckpointIntervalRows(0)
                .setCheckpointInterval(Duration.ZERO)
                .setStableInput(false)
                .setOptions(Map.of())
                .setMaxInflightBatches(16)
                .setMaxInflightBytes(64L << 20)
                .build();
    }

    /** See {@link WasmIO#read()}. Every method returns a changed copy. */
    @AutoValue
    public abstract static class Read extends PTransform<PBegin, PCollection<ArrowBatch>> {
        abstract ConnectorSpec spec();

        abstract List<StreamSpec> streams();

        abstract List<StreamPlan> plans();

        /** Which units of each plan are read; empty for all. */
        abstract List<OffsetRange> units();

        abstract Compression compression();

        abstract long maxBundleBytes();

        abstract int maxInitialSplits();

        abstract RecordPolicy recordPolicy();

        abstract Builder toBuilder();

        @AutoValue.Builder
        abstract static class Builder {
            abstract Builder setSpec(ConnectorSpec spec);

            abstract Builder setStreams(List<StreamSpec> streams);

            abstract Builder setPlans(List<StreamPlan> plans);

            abstract Builder setUnits(List<OffsetRange> units);

            abstract Builder setCompression(Compression compression);

            abstract Builder setMaxBundleBytes(long bytes);

            abstract Builder setMaxInitialSplits(int splits);

            abstract Builder setRecordPolicy(RecordPolicy policy);

            abstract Read build();
        }

        /**
         * The connector that reads. Required.
         *
         * @throws IllegalArgumentException when its role is not that of a source
         */
        public Read withConnector(ConnectorModule connector) {
            return withSpec(spec().withModule(connector, Role.SOURCE, READ));
        }

        /**
         * The connector's configuration as a JSON object; {@code {}} when not given.
         *
         * @throws IllegalArgumentException when it is anything else, without quoting it
         */
        public Read withConfig(String json) {
            return withSpec(spec().withConfig(ConnectorConfig.ofJson(json)));
        }

        /** The connector's configuration by member. Values are text, numbers, booleans, lists and maps. */
        public Read withConfig(Map<String, ?> members) {
            return withSpec(spec().withConfig(ConnectorConfig.ofMap(members)));
        }

        /**
         * The streams to read, in place of those given before. At least one is required.
         *
         * @throws IllegalArgumentException when two have the same name
         */
        public Read withStreams(List<StreamSpec> streams) {
            Set<String> names = new HashSet<>();
            for (StreamSpec stream : streams) {
                if (stream.name().isBlank()) {
                    throw new IllegalArgumentException(READ + " was given a stream without a name.");
                }
                if (!names.add(stream.name())) {
                    throw new IllegalArgumentException(READ + " was given stream " + stream.name()
                            + " twice; give each stream a name of its own.");
                }
            }
            return toBuilder()
                    .setStreams(List.copyOf(streams))
                    .setPlans(List.of())
                    .setUnits(List.of())
                    .build();
        }

        /**
         * The streams to read, in place of those given before, planned already by an instance of the same connector with the same
         * configuration. Without plans, streams are planned when the pipeline runs.
         *
         * @throws IllegalArgumentException when two have the same name
         */
        public Read withPlans(List<StreamPlan> plans) {
            return withStreams(plans.stream().map(StreamPlan::stream).toList()).toBuilder()
                    .setPlans(List.copyOf(plans))
                    .build();
        }

        /**
         * Plans the streams now, and has the source keep their present state for the whole read, where it can. The result must stay open until
         * the pipeline has ended.
         *
         * @throws io.rapidbyte.wasm.ConnectorException when the source cannot be reached, or a stream not be planned
         */
        public SourceSnapshot openSnapshot() {
            return SourceSnapshot.open(complete(), this);
        }

        /** One stream to read whole, beside those given before. */
        public Read withStream(String name) {
            return withStream(StreamSpec.of(name));
        }

        /** One stream to read, beside those given before. */
        public Read withStream(StreamSpec stream) {
            List<StreamSpec> streams = new ArrayList<>(streams());
            streams.add(requireNonNull(stream, "stream"));
            return withStreams(streams);
        }

        /**
         * What identifies the run in batches and towards connectors. When not given, each execution of the graph has an id of its own, which
         * stays the same whatever the runner repeats.
         */
        public Read withRunId(String runId) {
            return withSpec(spec().withRunId(runId));
        }

        /** What the connector may use of what its manifest asks for; all of it when not given. */
        public Read withGrants(Grants grants) {
            return withSpec(spec().withGrants(grants));
        }

        /** The connector's limits; of these and the manifest's the smaller ones hold. */
        public Read withLimits(Limits limits) {
            return withSpec(spec().withLimits(limits));
        }

        /** How batches are compressed where they leave a process or stage; not at all when not given. */
        public Read withCompression(Compression compression) {
            return toBuilder().setCompression(compression).build();
        }

        /**
         * After how many bytes of output a bundle ends at most, 8 MiB when not given. Runners may hold this much of every split in memory, and
         * so bundles are made smaller when a run has many splits. A bundle ends between units, so that it can be larger by one unit.
         */
        public Read withMaxBundleBytes(long bytes) {
            requirePositive(READ, "withMaxBundleBytes", bytes);
            return toBuilder().setMaxBundleBytes(bytes).build();
        }

        /** Into how many pieces a stream is cut at most before reading begins, 32 when not given. A piece has four units or more. */
        public Read withMaxInitialSplits(int splits) {
            requirePositive(READ, "withMaxInitialSplits", splits);
            return toBuilder().setMaxInitialSplits(splits).build();
        }

        /**
         * What becomes of a record that is larger than the limits' {@code maxRecordBytes}; {@link RecordPolicy#FAIL} when not given. With {@link
         * RecordPolicy#DLQ}, {@link #withDeadLetters()} has to say where the letters go.
         */
        public Read withRecordPolicy(RecordPolicy policy) {
            return toBuilder().setRecordPolicy(policy).build();
        }

        /** This read with its dead letters beside its batches, of which there are some with {@link RecordPolicy#DLQ} only. */
        public ReadWithDeadLetters withDeadLetters() {
            return new AutoValue_WasmIO_ReadWithDeadLetters(this);
        }

        @Override
        public PCollection<ArrowBatch> expand(PBegin begin) {
            if (recordPolicy() == RecordPolicy.DLQ) {
                throw new IllegalArgumentException(
                        READ
                                + " with the record policy DLQ makes dead letters that nobody takes: end it with withDeadLetters(), or choose SKIP.");
            }
            return readAll(begin).getBatches();
        }

        @Override
        public void validate(PipelineOptions options) {
            super.validate(options);
            RunIds.newExecution(options);
        }

        private WasmReadResult readAll(PBegin begin) {
            ConnectorSpec spec = complete();
            if (plans().isEmpty()) {
                PCollection<List<StreamSpec>> streams =
                        begin.apply("Streams", Create.of(List.of(streams())).withCoder(LISTS_OF_STREAMS));
                return read(plan(streams, spec), spec);
            }
            List<PlannedStream> planned = PlannedStream.of(plans(), maxBundleBytes(), maxInitialSplits());
            if (!units().isEmpty()) {
                planned = planned.stream()
                        .flatMap(stream -> units().stream().map(stream::of))
                        .toList();
            }
            return read(
                    begin.apply("Plans", Create.of(planned).withCoder(SerializableCoder.of(PlannedStream.class)))
                            .apply("Run", ParDo.of(new EnterRunDoFn(spec)))
                            .setCoder(SerializableCoder.of(PlannedStream.class)),
                    spec);
        }

        /** Plans the streams of each element by one instance. */
        PCollection<PlannedStream> plan(PCollection<List<StreamSpec>> streams, ConnectorSpec spec) {
            return streams.apply("Plan", ParDo.of(new PlanStreamsDoFn(spec, maxBundleBytes(), maxInitialSplits())))
                    .setCoder(SerializableCoder.of(PlannedStream.class));
        }

        /** Reads planned streams. */
        WasmReadResult read(PCollection<PlannedStream> planned, ConnectorSpec spec) {
            ConnectorSpec reading = spec.withLimits(spec.limits().withLargeRecords(recordPolicy()));
            // Streams must not stay together on the worker that planned them.
            PCollectionTuple read = planned.apply("Distribute", Reshuffle.viaRandomKey())
                    .apply(
                            "Read",
                            ParDo.of(new ReadUnitsDoFn(
                                            reading, maxInitialSplits(), isDirectRunner(planned.getPipeline())))
                                    .withOutputTags(
                                            WasmReadResult.BATCHES, TupleTagList.of(WasmReadResult.DEAD_LETTERS)));
            read.get(WasmReadResult.BATCHES).setCoder(ArrowBatchCoder.of(compression()));
            return new WasmReadResult(read);
        }

        /** The connector with all that a run needs, when there is something to read that it can read. */
        private ConnectorSpec complete() {
            ConnectorSpec spec = spec().complete(READ);
            if (streams().isEmpty()) {
                throw new IllegalArgumentException(READ + " of " + spec.name()
                        + " has no stream: name what to read with withStream(\"…\") or withStreams(…).");
            }
            streams().forEach(stream -> StreamRules.require(spec, stream));
            return spec;
        }

        @Override
        public void populateDisplayData(DisplayData.Builder builder) {
            super.populateDisplayData(builder);
            spec().populateDisplayData(builder);
            builder.add(DisplayData.item(
                            "streams", streams().stream().map(StreamSpec::name).collect(Collectors.joining(", ")))
                    .withLabel("Streams"));
            populateReadingData(builder);
        }

        /** What is the same for streams that are given and for streams that arrive. */
        void populateReadingData(DisplayData.Builder builder) {
            builder.add(DisplayData.item("compression", compression().label()).withLabel("Compression"))
                    .add(DisplayData.item("recordPolicy", recordPolicy().jsonName())
                            .withLabel("Record Policy"))
                    .add(DisplayData.item("maxBundleBytes", maxBundleBytes()).withLabel("Maximum Bundle Bytes"))
                    .add(DisplayData.item("maxInitialSplits", maxInitialSplits())
                            .withLabel("Maximum Initial Splits"));
        }

        /** Ranges of units that the plans are read in, and nothing beside them. */
        Read withUnits(List<OffsetRange> units) {
            return toBuilder().setUnits(List.copyOf(units)).build();
        }

        private Read withSpec(ConnectorSpec spec) {
            return toBuilder().setSpec(spec).build();
        }
    }

    /** See {@link Read#withDeadLetters()}. */
    @AutoValue
    public abstract static class ReadWithDeadLetters extends PTransform<PBegin, WasmReadResult> {
        abstract Read read();

        @Override
        public WasmReadResult expand(PBegin begin) {
            return read().readAll(begin);
        }

        @Override
        public void validate(PipelineOptions options) {
            super.validate(options);
            RunIds.newExecution(options);
        }

        @Override
        public void populateDisplayData(DisplayData.Builder builder) {
            super.populateDisplayData(builder);
            builder.delegate(read());
        }
    }

    /**
     * See {@link WasmIO#readAll()}. The collection of streams is bounded, and has each stream once. Every method returns a changed copy, and has the meaning it has in {@link Read}. Each stream is read as it is
     * when its reading begins: no snapshot is shared.
     */
    @AutoValue
    public abstract static class ReadAll extends PTransform<PCollection<StreamSpec>, PCollection<ArrowBatch>> {
        abstract Read settings();

        /**
         * The connector that reads. Required.
         *
         * @throws IllegalArgumentException when its role is not that of a source
         */
        public ReadAll withConnector(ConnectorModule connector) {
            return with(settings().withSpec(settings().spec().withModule(connector, Role.SOURCE, READ_ALL)));
        }

        /** See {@link Read#withConfig(String)}. */
        public ReadAll withConfig(String json) {
            return with(settings().withConfig(json));
        }

        /** See {@link Read#withConfig(Map)}. */
        public ReadAll withConfig(Map<String, ?> members) {
            return with(settings().withConfig(members));
        }

        /** See {@link Read#withRunId}. */
        public ReadAll withRunId(String runId) {
            return with(settings().withRunId(runId));
        }

        /** See {@link Read#withGrants}. */
        public ReadAll withGrants(Grants grants) {
            return with(settings().withGrants(grants));
        }

        /** See {@link Read#withLimits}. */
        public ReadAll withLimits(Limits limits) {
            return with(settings().withLimits(limits));
        }

        /** See {@link Read#withCompression}. */
        public ReadAll withCompression(Compression compression) {
            return with(settings().withCompression(compression));
        }

        /** See {@link Read#withMaxBundleBytes}; here bundles do not become smaller when there are many splits. */
        public ReadAll withMaxBundleBytes(long bytes) {
            return with(settings().withMaxBundleBytes(bytes));
        }

        /** See {@link Read#withRecordPolicy}; dead letters cannot be had here. */
        public ReadAll withRecordPolicy(RecordPolicy policy) {
            if (policy == RecordPolicy.DLQ) {
                throw new IllegalArgumentException(
                        READ_ALL + " has no place for dead letters: choose the record policy SKIP or FAIL, or use "
                                + READ + ".");
            }
            return with(settings().withRecordPolicy(policy));
        }

        /** See {@link Read#withMaxInitialSplits}. */
        public ReadAll withMaxInitialSplits(int splits) {
            return with(settings().withMaxInitialSplits(splits));
        }

        @Override
        public PCollection<ArrowBatch> expand(PCollection<StreamSpec> streams) {
            ConnectorSpec spec = settings().spec().complete(READ_ALL);
            if (streams.isBounded() == IsBounded.UNBOUNDED) {
                throw new IllegalArgumentException(READ_ALL
                        + " was given an unbounded collection of streams. Each stream is read once in a run, and a run has an end: give it a"
                        + " bounded collection, or start a run whenever there is something to read.");
            }
            PCollection<List<StreamSpec>> lists = streams.apply(
                            "Streams",
                            MapElements.into(TypeDescriptors.lists(TypeDescriptor.of(StreamSpec.class)))
                                    .via(List::of))
                    .setCoder(LISTS_OF_STREAMS);
            return settings().read(settings().plan(lists, spec), spec).getBatches();
        }

        @Override
        public void validate(PipelineOptions options) {
            super.validate(options);
            RunIds.newExecution(options);
        }

        @Override
        public void populateDisplayData(DisplayData.Builder builder) {
            super.populateDisplayData(builder);
            settings().spec().populateDisplayData(builder);
            settings().populateReadingData(builder);
        }

        private static ReadAll with(Read settings) {
            return new AutoValue_WasmIO_ReadAll(settings);
        }
    }

    /** See {@link WasmIO#write()}. Every method returns a changed copy. */
    @AutoValue
    public abstract static class Write extends PTransform<PCollection<ArrowBatch>, WasmWriteResult> {
        abstract ConnectorSpec spec();

        abstract WriteMode writeMode();

        abstract List<String> primaryKey();

        abstract RecordPolicy dataErrorPolicy();

        abstract SchemaEvolution schemaEvolution();

        /** Null when it was not said. */
        @Nullable
        abstract Long checkpointIntervalBytes();

        abstract long checkpointIntervalRows();

        abstract Duration checkpointInterval();

        abstract boolean stableInput();

        abstract Map<String, String> options();

        abstract int maxInflightBatches();

        abstract long maxInflightBytes();

        abstract Builder toBuilder();

        @AutoValue.Builder
        abstract static class Builder {
            abstract Builder setSpec(ConnectorSpec spec);

            abstract Builder setWriteMode(WriteMode mode);

            abstract Builder setPrimaryKey(List<String> columns);

            abstract Builder setDataErrorPolicy(RecordPolicy policy);

            abstract Builder setSchemaEvolution(SchemaEvolution evolution);

            abstract Builder setCheckpointIntervalBytes(@Nullable Long bytes);

            abstract Builder setCheckpointIntervalRows(long rows);

            abstract Builder setCheckpointInterval(Duration interval);

            abstract Builder setStableInput(boolean stable);

            abstract Builder setOptions(Map<String, String> options);

            abstract Builder setMaxInflightBatches(int batches);

            abstract Builder setMaxInflightBytes(long bytes);

            abstract Write build();
        }

        /**
         * The connector that writes. Required.
         *
         * @throws IllegalArgumentException when its role is not that of a destination
         */
        public Write withConnector(ConnectorModule connector) {
            return withSpec(spec().withModule(connector, Role.DESTINATION, WRITE));
        }

        /**
         * The connector's configuration as a JSON object; {@code {}} when not given.
         *
         * @throws IllegalArgumentException when it is anything else, without quoting it
         */
        public Write withConfig(String json) {
            return withSpec(spec().withConfig(ConnectorConfig.ofJson(json)));
        }

        /** The connector's configuration by member. Values are text, numbers, booleans, lists and maps. */
        public Write withConfig(Map<String, ?> members) {
            return withSpec(spec().withConfig(ConnectorConfig.ofMap(members)));
        }

        /**
         * What becomes of the rows that are in the target already; {@link WriteMode#APPEND} when not given. {@link WriteMode#REPLACE} needs a
         * bounded input in the global window.
         */
        public Write withWriteMode(WriteMode mode) {
            return toBuilder().setWriteMode(mode).build();
        }

        /** The columns that identify a row, for {@link WriteMode#UPSERT}. */
        public Write withPrimaryKey(List<String> columns) {
            return toBuilder().setPrimaryKey(List.copyOf(columns)).build();
        }

        /**
         * What becomes of a record that the target refuses because of what is in it; {@link RecordPolicy#FAIL} when not given. With {@link
         * RecordPolicy#DLQ} it is in {@link WasmWriteResult#getDeadLetters()}: a pipeline that takes nothing from there loses it, unless the
         * destination's config names a table of dead letters. How many there were is in the log when a stream is complete.
         */
        public Write withDataErrorPolicy(RecordPolicy policy) {
            return toBuilder().setDataErrorPolicy(policy).build();
        }

        /** What happens when a stream and a target that exists differ; {@link SchemaEvolution#defaults()} when not given. */
        public Write withSchemaEvolution(SchemaEvolution evolution) {
            return toBuilder().setSchemaEvolution(evolution).build();
        }

        /**
         * After how many bytes of batches the destination commits inside of a bundle; 0: not before its end. When not given, 64 MiB where the
         * connector writes every batch once ({@code exactly_once} in its manifest, and not switched off in its config), which bounds what a
         * failure makes it write again and how long its transactions are, and is seconds of work, beside which a commit costs nothing; 0 where it
         * does not, because there the rows of such a commit are written twice when the rest of the bundle fails. That bounds and does not
         * exclude it: Flink ends the bundle of a batch job that fails as if it were complete, so that it is committed as far as it came, and
         * written again when the job is restarted. And where batches of two streams with tables of one name are in a bundle, the writer of one
         * commits before the other begins.
         */
        public Write withCheckpointIntervalBytes(long bytes) {
            requireNotNegative("withCheckpointIntervalBytes", bytes);
            return toBuilder().setCheckpointIntervalBytes(bytes).build();
        }

        /** After how many rows the destination commits inside of a bundle; 0, as when not given: as many as come. */
        public Write withCheckpointIntervalRows(long rows) {
            requireNotNegative("withCheckpointIntervalRows", rows);
            return toBuilder().setCheckpointIntervalRows(rows).build();
        }

        /**
         * After what time the destination commits inside of a bundle, beginning with the first batch that is not committed, whether further ones
         * come or not; zero, as when not given: however long it takes.
         */
        public Write withCheckpointInterval(Duration interval) {
            requireNotNegative(
                    "withCheckpointInterval",
                    requireNonNull(interval, "interval").getMillis());
            return toBuilder().setCheckpointInterval(interval).build();
        }

        private CheckpointIntervals checkpointIntervals() {
            Long bytes = checkpointIntervalBytes();
            if (bytes == null) {
                bytes = spec().writesOnce() ? DEFAULT_CHECKPOINT_BYTES : 0;
            }
            return new CheckpointIntervals(
                    bytes,
                    checkpointIntervalRows(),
                    java.time.Duration.ofMillis(checkpointInterval().getMillis()));
        }

        private static void requireNotNegative(String method, long value) {
            if (value < 0) {
                throw new IllegalArgumentException(WRITE + "." + method + " was given " + value
                        + " and needs a number above zero, or zero for no bound.");
            }
        }

        /**
         * Asks the runner to give this step the same batches again when it repeats a bundle ({@code @RequiresStableInput}), also when a step
         * before it would make others from the same input. What {@link WasmIO#read()} reads is the same each time by itself.
         *
         * <p>Not every runner knows it. Flink keeps batches until its next checkpoint for it, in streaming jobs with checkpoints, and needs {@code
         * --enableStableInputDrain} where the input ends; what is written then is not in its metrics. Its batch jobs do without.
         */
        public Write withStableInput() {
            return toBuilder().setStableInput(true).build();
        }

        /** Options for the destination's write calls; see the connector's documentation. */
        public Write withOptions(Map<String, String> options) {
            return toBuilder().setOptions(Map.copyOf(options)).build();
        }

        /**
         * What identifies the run towards the connector; the run that read the batches when not given. A destination that writes every batch
         * once takes a batch for one that it has when run, stream, unit and number are the same.
         */
        public Write withRunId(String runId) {
            return withSpec(spec().withRunId(runId));
        }

        /** What the connector may use of what its manifest asks for; all of it when not given. */
        public Write withGrants(Grants grants) {
            return withSpec(spec().withGrants(grants));
        }

        /** The connector's limits; of these and the manifest's the smaller ones hold. */
        public Write withLimits(Limits limits) {
            return withSpec(spec().withLimits(limits));
        }

        /** How many batches of a stream may wait for its writer before the step before has to wait; 16 when not given. */
        public Write withMaxInflightBatches(int batches) {
            requirePositive(WRITE, "withMaxInflightBatches", batches);
            return toBuilder().setMaxInflightBatches(batches).build();
        }

        /** How many bytes of batches of a stream may wait for its writer; 64 MiB when not given. One batch always may. */
        public Write withMaxInflightBytes(long bytes) {
            requirePositive(WRITE, "withMaxInflightBytes", bytes);
            return toBuilder().setMaxInflightBytes(bytes).build();
        }

        @Override
        public WasmWriteResult expand(PCollection<ArrowBatch> batches) {
            ConnectorSpec spec = spec().complete(WRITE);
            validateMode(spec, batches);
            WriteSettings settings =
                    new WriteSettings(writeMode(), primaryKey(), dataErrorPolicy(), schemaEvolution(), options());
            PCollectionTuple written = batches.apply(
                    "Write",
                    ParDo.of(step(spec, settings))
                            .withOutputTags(WasmWriteResult.COMMITS, TupleTagList.of(WasmWriteResult.DEAD_LETTERS)));
            PCollection<StreamCommit> commits =
                    written.get(WasmWriteResult.COMMITS).setCoder(COMMITS);
            PCollection<CommitReceipt> receipts = commits.apply(
                            "Receipts",
                            MapElements.into(TypeDescriptor.of(CommitReceipt.class))
                                    .via(StreamCommit::receipt))
                    .setCoder(SerializableCoder.of(CommitReceipt.class));
            return new WasmWriteResult(
                    receipts, finalizeStreams(spec, settings, commits), written.get(WasmWriteResult.DEAD_LETTERS));
        }

        private WriteBatchesDoFn step(ConnectorSpec spec, WriteSettings settings) {
            return stableInput()
                    ? new StableWriteBatchesDoFn(
                            spec, settings, checkpointIntervals(), maxInflightBatches(), maxInflightBytes())
                    : new WriteBatchesDoFn(
                            spec, settings, checkpointIntervals(), maxInflightBatches(), maxInflightBytes());
        }

        private static PCollection<FinalizedStream> finalizeStreams(
                ConnectorSpec spec, WriteSettings settings, PCollection<StreamCommit> commits) {
            SerializableCoder<FinalizedStream> coder = SerializableCoder.of(FinalizedStream.class);
            if (commits.isBounded() == IsBounded.UNBOUNDED) {
                // Made of the commits: what waits for this waits for them.
                return commits.apply("Nothing to finalize", ParDo.of(new NeverFinalized(settings.dataErrors())))
                        .setCoder(coder);
            }
            // With the trigger of the input, a stream would be finished once for each of its firings.
            return commits.apply(
                            "Whole run",
                            Window.<StreamCommit>into(new GlobalWindows())
                                    .triggering(DefaultTrigger.of())
                                    .withAllowedLateness(Duration.ZERO)
                                    .discardingFiredPanes())
                    // All in one place: what no two streams may have in common is seen before any is finished.
                    .apply("Together", WithKeys.<String, StreamCommit>of("").withKeyType(TypeDescriptors.strings()))
                    .apply("All receipts", GroupByKey.create())
                    .apply("Totals", ParDo.of(new TotalStreamsDoFn(spec.name(), settings.mode())))
                    .setCoder(COMMITS)
                    // Finishing can take long, and streams do not wait for each other.
                    .apply("Side by side", Reshuffle.viaRandomKey())
                    .apply("Finalize", ParDo.of(new FinalizeStreamsDoFn(spec, settings)))
                    .setCoder(coder);
        }

        private void validateMode(ConnectorSpec spec, PCollection<ArrowBatch> batches) {
            Set<WriteMode> known = spec.module().manifest().writeModes();
            if (!known.contains(writeMode())) {
                throw new IllegalArgumentException("Write mode " + writeMode().jsonName() + " is not one of connector "
                        + spec.name() + ", which knows "
                        + known.stream().map(mode -> mode.jsonName()).sorted().collect(Collectors.joining(", ")) + ".");
            }
            if (writeMode() == WriteMode.UPSERT && primaryKey().isEmpty()) {
                throw new IllegalArgumentException(WRITE
                        + " in mode upsert needs to know which row is which: call withPrimaryKey(List.of(\"id\")).");
            }
            if (writeMode() == WriteMode.REPLACE
                    && (batches.isBounded() == IsBounded.UNBOUNDED
                            || !(batches.getWindowingStrategy().getWindowFn() instanceof GlobalWindows))) {
                throw new IllegalArgumentException(WRITE
                        + " in mode replace needs a bounded input in the global window, because the new rows take the place of the"
                        + " old ones when all of them are there; " + batches.getName() + " is "
                        + batches.isBounded().name().toLowerCase(Locale.ROOT) + " and windowed by "
                        + batches.getWindowingStrategy().getWindowFn() + ". Write it in mode append instead.");
            }
        }

        @Override
        public void populateDisplayData(DisplayData.Builder builder) {
            super.populateDisplayData(builder);
            spec().populateDisplayData(builder);
            builder.add(DisplayData.item("writeMode", writeMode().jsonName()).withLabel("Write Mode"))
                    .add(DisplayData.item("primaryKey", String.join(", ", primaryKey()))
                            .withLabel("Primary Key"))
                    .add(DisplayData.item("dataErrorPolicy", dataErrorPolicy().jsonName())
                            .withLabel("Data Error Policy"))
                    .add(DisplayData.item("schemaEvolution", schemaEvolution().toString())
                            .withLabel("Schema Evolution"))
                    .add(DisplayData.item(
                                    "checkpointIntervalBytes",
                                    checkpointIntervals().bytes())
                            .withLabel("Checkpoint Interval Bytes"))
                    .add(DisplayData.item("checkpointIntervalRows", checkpointIntervalRows())
                            .withLabel("Checkpoint Interval Rows"))
                    .add(DisplayData.item("checkpointInterval", checkpointInterval())
                            .withLabel("Checkpoint Interval"))
                    .add(DisplayData.item("stableInput", stableInput()).withLabel("Stable Input"))
                    .add(DisplayData.item("maxInflightBatches", maxInflightBatches())
                            .withLabel("Maximum Batches in Flight"))
                    .add(DisplayData.item("maxInflightBytes", maxInflightBytes())
                            .withLabel("Maximum Bytes in Flight"));
        }

        private Write withSpec(ConnectorSpec spec) {
            return toBuilder().setSpec(spec).build();
        }
    }

    /** The Direct runner holds what a bundle puts out until the bundle ends, and never does one again: it fails the run instead. */
    private static boolean isDirectRunner(Pipeline pipeline) {
        Class<?> runner = pipeline.getOptions().getRunner();
        return runner != null && runner.getSimpleName().equals("DirectRunner");
    }

    private static void requirePositive(String transform, String method, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(transform + "." + method + "(" + value + ") needs a number above zero.");
        }
    }
}
