// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import org.apache.beam.sdk.transforms.windowing.BoundedWindow;
import org.joda.time.Instant;

/** The writing step of a runner that gives it the same batches when it repeats a bundle, also when a step before would make others. */
final class StableWriteBatchesDoFn extends WriteBatchesDoFn {
    StableWriteBatchesDoFn(
            ConnectorSpec spec,
            WriteSettings settings,
            CheckpointIntervals intervals,
            int maxInflightBatches,
            long maxInflightBytes) {
        super(spec, settings, intervals, maxInflightBatches, maxInflightBytes);
    }

    @Override
    @RequiresStableInput
    @ProcessElement
    public void process(
            @Element ArrowBatch batch, @Timestamp Instant timestamp, BoundedWindow window, MultiOutputReceiver outputs)
            throws InterruptedException {
        super.process(batch, timestamp, window, outputs);
    }
}
