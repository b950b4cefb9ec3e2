// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.DestinationConnector;
import org.apache.beam.sdk.transforms.DoFn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a stream, given the sum of what is committed of it. A runner may do this again after it succeeded; destinations make nothing of a second
 * time.
 */
final class FinalizeStreamsDoFn extends DoFn<StreamCommit, FinalizedStream> {
    private static final Logger LOG = LoggerFactory.getLogger(FinalizeStreamsDoFn.class);

    private final ConnectorSpec spec;
    private final WriteSettings settings;

    private transient ConnectorSession<DestinationConnector> session;

    /** The run that the session is of. */
    private transient String runId;

    FinalizeStreamsDoFn(ConnectorSpec spec, WriteSettings settings) {
        this.spec = spec;
        this.settings = settings;
    }

    @ProcessElement
    public void process(@Element StreamCommit total, OutputReceiver<FinalizedStream> finalized) {
        CommitReceipt sum = total.receipt();
        String stream = sum.stream().name();
        StreamMetrics metrics = new StreamMetrics(stream, spec.name());
        open(sum.runId());
        ConnectorSession<DestinationConnector> mine = session;
        LocalWriters.Work work = mine::cancel;
        LocalWriters.enter(sum.runId(), work, spec.name(), stream);
        String target;
        try {
            target = mine.call(destination -> {
                long start = System.nanoTime();
                try {
                    return destination.finalizeStream(
                            settings.request(sum.runId(), sum.stream(), sum.schema()), sum.batches());
                } finally {
                    metrics.add(RapidbyteMetrics.DEST_FINALIZE, System.nanoTime() - start);
                }
            });
        } finally {
            LocalWriters.leave(sum.runId(), work);
            metrics.add(RapidbyteMetrics.DEST_VM_SETUP, mine.takeOpenNanos());
            metrics.addHost("dest", mine.takeTimings());
        }
        LOG.info("Stream {} is complete in {}: {} rows, {} refused.", stream, target, sum.rows(), sum.refused());
        RefusedRecords.warn(stream, target, sum.refused(), settings.dataErrors());
        finalized.output(new FinalizedStream(
                stream, target, sum.rows(), sum.refused(), sum.bytes(), sum.batches(), total.position()));
    }

    private void open(String ofRun) {
        if (session == null || !ofRun.equals(runId)) {
            teardown();
            session = ConnectorSession.ofDestination(spec.withRunId(ofRun));
            runId = ofRun;
        }
    }

    @Teardown
    public void teardown() {
        if (session != null) {
            session.close();
        }
    }
}
