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
final class FinalizeStreamsDoFn extends DoFn<KV<String, Iterable<StreamCommit>>, FinalizedStream> {
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
            @Element KV<String, Iterable<StreamCommit>> commitsOfStream, OutputReceiver<FinalizedStream> finalized) {
        Iterator<StreamCommit> commits = commitsOfStream.getValue().iterator();
        StreamCommit firstCommit = commits.next();
        CommitReceipt first = firstCommit.receipt();
        long rows = first.rows();
        long bytes = first.bytes();
        long batches = first.batches();
        String position = firstCommit.position();
        while (commits.hasNext()) {
            StreamCommit commit = commits.next();
            CommitReceipt next = commit.receipt();
            position = onlyPosition(commitsOfStream.getKey(), position, commit.position());
            if (!next.stream().equals(first.stream())) {
                throw new ConnectorException(
                        spec.name(),
                        ConnectorError.of(
                                Category.SCHEMA,
                                "mixed_relations",
                                "Stream " + commitsOfStream.getKey() + " was read from "
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
        StreamMetrics metrics = new StreamMetrics(commitsOfStream.getKey(), spec.name());
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
        LOG.info("Stream {} is complete in {}: {} rows.", commitsOfStream.getKey(), target, rows);
        finalized.output(new FinalizedStream(commitsOfStream.getKey(), target, rows, bytes, batches, position));
    }

    /** A stream that was planned twice has two ends, and the rows of both are written: neither is where it ended. */
    private String onlyPosition(String stream, String one, String other) {
        if (one != null && other != null && !one.equals(other)) {
            throw new ConnectorException(
                    spec.name(),
                    ConnectorError.of(
                            Category.CONFIG,
                            "mixed_positions",
                            "Stream " + stream
                                    + " was read twice in one run, up to two different positions. Give the two streams different names."));
        }
        return one != null ? one : other;
    }

    @Teardown
    public void teardown() {
        if (session != null) {
            session.close();
        }
    }
}
