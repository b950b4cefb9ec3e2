// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import java.util.List;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.transforms.DoFn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the source how each stream is read. All streams arrive as one element: planning takes milliseconds, and one instance with one
 * connection does it for all of them.
 */
final class PlanStreamsDoFn extends DoFn<List<StreamSpec>, PlannedStream> {
    private static final Logger LOG = LoggerFactory.getLogger(PlanStreamsDoFn.class);

    private final ConnectorSpec spec;
    private final long maxBundleBytes;
    private final int maxInitialSplits;

    /** The connector in the run that is executed. */
    private transient ConnectorSpec running;

    private transient ConnectorSession<SourceConnector> session;

    private transient String runId;

    PlanStreamsDoFn(ConnectorSpec spec, long maxBundleBytes, int maxInitialSplits) {
        this.spec = spec;
        this.maxBundleBytes = maxBundleBytes;
        this.maxInitialSplits = maxInitialSplits;
    }

    @Setup
    public void setup(PipelineOptions options) {
        running = spec.inRun(options);
        session = ConnectorSession.ofSource(running);
        runId = spec.knownRun(options);
    }

    @ProcessElement
    public void process(@Element List<StreamSpec> streams, OutputReceiver<PlannedStream> planned) {
        List<StreamPlan> plans = streams.stream().map(this::plan).toList();
        PlannedStream.of(plans, maxBundleBytes, maxInitialSplits)
                .forEach(stream -> planned.output(stream.inRun(runId)));
    }

    private StreamPlan plan(StreamSpec stream) {
        // Streams that were given are known to be sound; those that arrive are not.
        StreamRules.require(spec, stream);
        StreamMetrics metrics = new StreamMetrics(stream.name(), spec.name());
        try {
            StreamPlan plan = session.call(source -> {
                long start = System.nanoTime();
                try {
                    return source.plan(stream);
                } finally {
                    metrics.add(RapidbyteMetrics.SOURCE_PLAN, System.nanoTime() - start);
                }
            });
            LOG.info(
                    "Stream {} of {} is read in {} units ({}), about {} rows and {} bytes; each as it is when its reading begins.",
                    stream.name(),
                    spec.name(),
                    plan.units(),
                    plan.unitKind(),
                    plan.estimatedRows(),
                    plan.estimatedBytes());
            return plan;
        } finally {
            metrics.add(RapidbyteMetrics.SOURCE_VM_SETUP, session.takeOpenNanos());
            metrics.addHost("source", session.takeTimings());
        }
    }

    @Teardown
    public void teardown() {
        if (session != null) {
            session.close();
        }
    }
}
