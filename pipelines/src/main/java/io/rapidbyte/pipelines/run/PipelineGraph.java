// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.beam.io.ArrowBatch;
import io.rapidbyte.beam.io.WasmIO;
import io.rapidbyte.pipelines.config.Resources;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.compress.Compression;
import java.util.List;
import java.util.Locale;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.values.PCollection;
import org.joda.time.Duration;

/** Builds the Beam graph of a pipeline: one read and one write over all of its streams. */
final class PipelineGraph {
    private PipelineGraph() {}

    static Pipeline build(
            PreparedPipeline pipeline,
            List<StreamPlan> plans,
            String runId,
            PipelineOptions options,
            int maxInitialSplits,
            List<PTransform<PCollection<ArrowBatch>, PCollection<ArrowBatch>>> between) {
        WasmIO.Write write = withCheckpoints(WasmIO.write(), pipeline.resources())
                .withConnector(pipeline.destination().module())
                .withConfig(pipeline.destination().config())
                .withGrants(pipeline.destination().grants())
                .withLimits(pipeline.destination().limits())
                .withWriteMode(pipeline.writeMode())
                .withPrimaryKey(pipeline.primaryKey())
                .withDataErrorPolicy(pipeline.dataErrors())
                .withSchemaEvolution(pipeline.schemaEvolution())
                .withRunId(runId);
        if (pipeline.resources().maxInflightBatches() != null) {
            write = write.withMaxInflightBatches(pipeline.resources().maxInflightBatches());
        }
        WasmIO.Read read = WasmIO.read()
                .withConnector(pipeline.source().module())
                .withConfig(pipeline.source().config())
                .withGrants(pipeline.source().grants())
                .withLimits(pipeline.source().limits())
                .withPlans(plans)
                .withMaxInitialSplits(maxInitialSplits)
                .withRunId(runId);
        if (pipeline.resources().compression() != null) {
            // The schema of pipeline files knows these names alone, in lower case.
            read = read.withCompression(
                    Compression.valueOf(pipeline.resources().compression().toUpperCase(Locale.ROOT)));
        }
        Pipeline graph = Pipeline.create(options);
        PCollection<ArrowBatch> batches =
                graph.apply("read " + pipeline.source().module().name(), read);
        for (PTransform<PCollection<ArrowBatch>, PCollection<ArrowBatch>> transform : between) {
            batches = batches.apply(transform);
        }
        batches.apply("write " + pipeline.destination().module().name(), write);
        return graph;
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
