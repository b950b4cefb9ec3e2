// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.beam.io.ArrowBatch;
import io.rapidbyte.beam.io.CommittedStream;
import io.rapidbyte.beam.io.FinalizedStream;
import io.rapidbyte.beam.io.WasmIO;
import io.rapidbyte.beam.io.WasmWriteResult;
import io.rapidbyte.pipelines.config.Resources;
import io.rapidbyte.pipelines.state.CompleteStreamFn;
import io.rapidbyte.pipelines.state.KeepDeadLettersFn;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.compress.Compression;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Wait;
import org.apache.beam.sdk.values.PCollection;
import org.joda.time.Duration;

/** Builds the Beam graph of some of a pipeline's streams: a read and a write for those that are written under one run id. */
final class PipelineGraph {
    private final PreparedPipeline pipeline;
    private final RunOptions options;
    private final String runId;
    private final int maxInitialSplits;
    private final int retries;

    /**
     * Prepares graphs.
     *
     * @param runId the run that what is complete belongs to
     * @param maxInitialSplits into how many pieces a stream is cut at most before it is read
     * @param retries how often a store is tried again that cannot be reached
     */
    PipelineGraph(PreparedPipeline pipeline, RunOptions options, String runId, int maxInitialSplits, int retries) {
        this.pipeline = pipeline;
        this.options = options;
        this.runId = runId;
        this.maxInitialSplits = maxInitialSplits;
        this.retries = retries;
    }

    Pipeline build(List<StreamTask> tasks, PipelineOptions beamOptions) {
        Pipeline graph = Pipeline.create(beamOptions);
        Map<String, List<StreamTask>> byRun = new LinkedHashMap<>();
        tasks.forEach(task -> byRun.computeIfAbsent(task.writeRunId(), any -> new ArrayList<>())
                .add(task));
        int number = 0;
        for (Map.Entry<String, List<StreamTask>> each : byRun.entrySet()) {
            String suffix = number++ == 0 ? "" : " " + number;
            copy(graph, each.getValue(), each.getKey(), suffix);
        }
        return graph;
    }

    /** What is committed of streams is read again, in the state of the source that they are gone on with, and compared. */
    Pipeline compare(Map<StreamTask, CommittedStream> committed, PipelineOptions beamOptions) {
        Pipeline graph = Pipeline.create(beamOptions);
        committed.forEach((task, stream) -> {
            WasmIO.Read read =
                    stream.readBy(read().withPlans(List.of(task.plan())).withRunId(task.writeRunId()));
            between(graph.apply("read again " + task.name(), read))
                    .apply("compare " + task.name(), stream.comparison());
        });
        return graph;
    }

    /** Which batches of a stream are committed, when the destination keeps that. */
    Optional<CommittedStream> committed(StreamTask task) {
        return CommittedStream.of(write().withRunId(task.writeRunId()), task.plan().stream());
    }

    private PCollection<ArrowBatch> between(PCollection<ArrowBatch> read) {
        PCollection<ArrowBatch> batches = read;
        for (PTransform<? super PCollection<ArrowBatch>, PCollection<ArrowBatch>> transform : options.between()) {
            batches = batches.apply(transform);
        }
        return batches;
    }

    private void copy(Pipeline graph, List<StreamTask> tasks, String writeRunId, String suffix) {
        String source = pipeline.source().module().name();
        String destination = pipeline.destination().module().name();
        List<StreamPlan> plans = tasks.stream().map(StreamTask::plan).toList();
        PCollection<ArrowBatch> batches = between(
                graph.apply("read " + source + suffix, read().withPlans(plans).withRunId(writeRunId)));
        WasmWriteResult written = batches.apply("write " + destination + suffix, write().withRunId(writeRunId));
        if (options.state() != null) {
            remember(tasks, written, suffix);
        }
    }

    /** A stream is written down as complete when it is, and no earlier; and not before its dead letters are kept, which nothing would bring back. */
    private void remember(List<StreamTask> tasks, WasmWriteResult written, String suffix) {
        List<java.time.Duration> waits = options.backoff().waits(retries);
        PCollection<FinalizedStream> finalized = written.getFinalized();
        if (pipeline.keepsDeadLetters()) {
            PCollection<Void> kept = written.getDeadLetters()
                    .apply("keep dead letters" + suffix, ParDo.of(new KeepDeadLettersFn(options.state(), waits)));
            finalized = finalized.apply("after dead letters" + suffix, Wait.on(kept));
        }
        Map<String, String> cursors = new HashMap<>();
        Map<String, String> routes = new HashMap<>();
        tasks.forEach(task -> {
            if (task.spec().cursorField() != null) {
                cursors.put(task.name(), task.spec().cursorField());
            }
            routes.put(task.name(), StreamRoute.of(pipeline, task.spec()).json());
        });
        finalized.apply(
                "remember" + suffix, ParDo.of(new CompleteStreamFn(options.state(), runId, cursors, routes, waits)));
    }

    private WasmIO.Read read() {
        WasmIO.Read read = WasmIO.read()
                .withConnector(pipeline.source().module())
                .withConfig(pipeline.source().config())
                .withGrants(pipeline.source().grants())
                .withLimits(pipeline.source().limits())
                .withMaxInitialSplits(maxInitialSplits);
        if (pipeline.resources().compression() != null) {
            // The schema of pipeline files knows these names alone, in lower case.
            read = read.withCompression(
                    Compression.valueOf(pipeline.resources().compression().toUpperCase(Locale.ROOT)));
        }
        return read;
    }

    private WasmIO.Write write() {
        WasmIO.Write write = withCheckpoints(WasmIO.write(), pipeline.resources())
                .withConnector(pipeline.destination().module())
                .withConfig(pipeline.destination().config())
                .withGrants(pipeline.destination().grants())
                .withLimits(pipeline.destination().limits())
                .withWriteMode(pipeline.writeMode())
                .withPrimaryKey(pipeline.primaryKey())
                .withDataErrorPolicy(pipeline.dataErrors())
                .withSchemaEvolution(pipeline.schemaEvolution());
        if (pipeline.resources().maxInflightBatches() != null) {
            write = write.withMaxInflightBatches(pipeline.resources().maxInflightBatches());
        }
        return write;
    }

    /** What the file does not say keeps the default of the transform. */
    private static WasmIO.Write withCheckpoints(WasmIO.Write write, Resources resources) {
        WasmIO.Write with = write;
        if (resources.checkpointIntervalBytes() != null) {
            with = with.withCheckpointIntervalBytes(
                    resources.checkpointIntervalBytes().bytes());
        }
        if (resources.checkpointIntervalRows() != null) {
            with = with.withCheckpointIntervalRows(resources.checkpointIntervalRows());
        }
        if (resources.checkpointIntervalSeconds() != null) {
            with = with.withCheckpointInterval(Duration.standardSeconds(resources.checkpointIntervalSeconds()));
        }
        return with;
    }
}
