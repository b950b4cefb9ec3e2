// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.transforms.DoFn;

/** Makes streams that were planned before the graph was built those of the run that is executed. */
final class EnterRunDoFn extends DoFn<PlannedStream, PlannedStream> {
    private final ConnectorSpec spec;

    private transient String runId;

    EnterRunDoFn(ConnectorSpec spec) {
        this.spec = spec;
    }

    @Setup
    public void setup(PipelineOptions options) {
        runId = spec.knownRun(options);
    }

    @ProcessElement
    public void process(@Element PlannedStream stream, OutputReceiver<PlannedStream> entered) {
        entered.output(stream.inRun(runId));
    }
}
