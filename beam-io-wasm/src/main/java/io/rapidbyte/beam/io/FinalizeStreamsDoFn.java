// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.DestinationConnector;
import java.util.Iterator;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.values.KV;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a stream once every receipt of it is there. A runner may do this again after it succeeded; destinations make nothing of a second
 * time.
 */
final class FinalizeStreamsDoFn extends DoFn<KV<String, Iterable<CommitReceipt>>, FinalizedStream> {
    private static final Logger LOG = LoggerFactory.getLogger(FinalizeStreamsDoFn.class);

    private final ConnectorSpec spec;
    private final WriteSettings settings;

    private transient ConnectorSession<DestinationConnector> session;

    FinalizeStreamsDoFn(ConnectorSpec spec, WriteSettings settings) {
        this.spec = spec;
        this.settings = settings;
    }

    @Setup
    public void setup() {
        session = ConnectorSession.ofDestination(spec);
    }

    @ProcessElement
    public void process(
            @Element KV<String, Iterable<CommitReceipt>> receiptsOfStream, OutputReceiver<FinalizedStream> finalized) {
        Iterator<CommitReceipt> receipts = receiptsOfStream.getValue().iterator();
        CommitReceipt first = receipts.next();
        long rows = first.rows();
        long bytes = first.bytes();
        long batches = first.batches();
        while (receipts.hasNext()) {
            CommitReceipt next = receipts.next();
            if (!next.stream().equals(first.stream())) {
                throw new ConnectorException(
                        spec.name(),
                        ConnectorError.of(
                                Category.SCHEMA,
                                "mixed_relations",
                                "Stream " + receiptsOfStream.getKey() + " was read from "
                                        + first.stream().namespace() + "."
                                        + first.stream().table() + " and from "
                                        + next.stream().namespace() + "."
                                        + next.stream().table()
                                        + ", and nothing is put in place of either's target. Give the two streams different names."));
            }
            rows += next.rows();
            bytes += next.bytes();
            batches += next.batches();
        }
        StreamMetrics metrics = new StreamMetrics(receiptsOfStream.getKey(), spec.name());
        String target;
        try {
            target = session.call(destination -> {
                long start = System.nanoTime();
                try {
                    return destination.finalizeStream(settings.request(spec.runId(), first.stream(), first.schema()));
                } finally {
                    metrics.add(RapidbyteMetrics.DEST_FINALIZE, System.nanoTime() - start);
                }
            });
        } finally {
            metrics.add(RapidbyteMetrics.DEST_VM_SETUP, session.takeOpenNanos());
            metrics.addHost("dest", session.takeTimings());
        }
        LOG.info("Stream {} is complete in {}: {} rows.", receiptsOfStream.getKey(), target, rows);
        finalized.output(new FinalizedStream(receiptsOfStream.getKey(), target, rows, bytes, batches));
    }

    @Teardown
    public void teardown() {
        if (session != null) {
            session.close();
        }
    }
}
