// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.ArrowFrames;
import io.rapidbyte.wasm.FrameInfo;
import io.rapidbyte.wasm.StreamSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.windowing.BoundedWindow;
import org.joda.time.Instant;

/**
 * Writes batches and says what is committed. A bundle is one transaction for each stream in it: the bundle ends when all are committed,
 * and a bundle that fails leaves those uncommitted that were not yet.
 */
final class WriteBatchesDoFn extends DoFn<ArrowBatch, StreamCommit> {
    private final ConnectorSpec spec;
    private final WriteSettings settings;
    private final int maxInflightBatches;
    private final long maxInflightBytes;

    private transient DestinationPool pool;

    /** Concurrent because runners may tear down while a bundle is in the works. */
    private transient Map<String, OpenStream> open;

    WriteBatchesDoFn(ConnectorSpec spec, WriteSettings settings, int maxInflightBatches, long maxInflightBytes) {
        this.spec = spec;
        this.settings = settings;
        this.maxInflightBatches = maxInflightBatches;
        this.maxInflightBytes = maxInflightBytes;
    }

    @Setup
    public void setup() {
        pool = new DestinationPool(spec);
        open = new ConcurrentHashMap<>();
    }

    @StartBundle
    public void startBundle() {
        // A bundle that failed in another step ended without a word to this one.
        abortAll();
    }

    @ProcessElement
    public void process(@Element ArrowBatch batch, @Timestamp Instant timestamp, BoundedWindow window)
            throws InterruptedException {
        boolean accepted = false;
        try {
            OpenStream stream = open.get(batch.stream());
            if (stream == null) {
                stream = start(batch);
                open.put(batch.stream(), stream);
            }
            stream.writer.put(batch);
            stream.count(batch, timestamp, window);
            accepted = true;
        } finally {
            if (!accepted) {
                abortAll();
            }
        }
    }

    @FinishBundle
    public void finishBundle(FinishBundleContext context) throws InterruptedException {
        try {
            // All are told before any is awaited: they commit side by side.
            open.values().forEach(stream -> stream.writer.end());
            for (OpenStream stream : List.copyOf(open.values())) {
                finish(stream, context);
            }
        } finally {
            abortAll();
        }
    }

    @Teardown
    public void teardown() {
        if (pool != null) {
            pool.close();
        }
        if (open != null) {
            // Not reported: runners tear down on threads, and at times, that have no place for metrics.
            open.values().forEach(stream -> stream.writer.abort());
        }
    }

    private OpenStream start(ArrowBatch first) {
        FrameInfo info = ArrowFrames.inspect(first.frame());
        StreamSpec stream = relation(first, info);
        StreamWriter writer = new StreamWriter(
                spec.name(),
                pool.take(first.stream()),
                settings.request(spec.runId(), stream, ArrowFrames.schemaOf(first.frame())),
                new BatchQueue(maxInflightBatches, maxInflightBytes));
        writer.start();
        return new OpenStream(writer);
    }

    /** The stream of a batch with the relation that its rows came from. */
    static StreamSpec relation(ArrowBatch batch, FrameInfo info) {
        Map<String, String> metadata = info.schema().metadata();
        return StreamSpec.of(batch.stream())
                .withTable(metadata.get("rapidbyte:namespace"), metadata.get("rapidbyte:table"));
    }

    private void finish(OpenStream stream, FinishBundleContext context) throws InterruptedException {
        StreamMetrics metrics = metricsOf(stream);
        long start = System.nanoTime();
        stream.writer.await();
        metrics.add(RapidbyteMetrics.SINK_COMMIT_WAIT, System.nanoTime() - start);
        stream.writer.report(metrics);
        open.remove(stream.name());
        pool.give(stream.writer.session());
        stream.tallies.forEach((window, tally) -> context.output(
                new StreamCommit(
                        new CommitReceipt(
                                spec.runId(),
                                stream.writer.request().stream(),
                                stream.writer.request().schema(),
                                tally.rows,
                                tally.bytes,
                                tally.batches),
                        tally.position),
                tally.latest,
                window));
    }

    private void abortAll() {
        List<OpenStream> left = new ArrayList<>(open.values());
        open.clear();
        for (OpenStream stream : left) {
            stream.writer.abort();
            stream.writer.report(metricsOf(stream));
        }
    }

    private StreamMetrics metricsOf(OpenStream stream) {
        return new StreamMetrics(stream.name(), spec.name());
    }

    /** A stream with batches in this bundle. */
    private static final class OpenStream {
        private final StreamWriter writer;
        private final Map<BoundedWindow, Tally> tallies = new LinkedHashMap<>();

        OpenStream(StreamWriter writer) {
            this.writer = writer;
        }

        String name() {
            return writer.request().stream().name();
        }

        void count(ArrowBatch batch, Instant timestamp, BoundedWindow window) {
            Tally tally = tallies.computeIfAbsent(window, any -> new Tally());
            tally.rows += batch.rows();
            tally.bytes += batch.sizeBytes();
            tally.batches++;
            if (batch.position() != null) {
                tally.position = batch.position();
            }
            if (tally.latest == null || timestamp.isAfter(tally.latest)) {
                tally.latest = timestamp;
            }
        }
    }

    /** What a window of the bundle has of a stream. */
    private static final class Tally {
        private long rows;
        private long bytes;
        private long batches;
        private Instant latest;
        private String position;
    }
}
