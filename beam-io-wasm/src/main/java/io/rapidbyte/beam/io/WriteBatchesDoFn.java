// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.ArrowFrames;
import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.FrameInfo;
import io.rapidbyte.wasm.RecordPolicy;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WriteRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.windowing.BoundedWindow;
import org.joda.time.Instant;

/**
 * Writes batches and says what is committed. A bundle is one transaction for each stream in it, or several where checkpoints are due or
 * streams have to make room for each other: the bundle ends when all are committed, and a bundle that fails leaves those uncommitted that were
 * not yet. Receipts come out at its end, when the runner keeps or drops them together with all else that the bundle did; dead letters of
 * what is committed come out as soon as they can, because a bundle can be all that a worker reads, and they would fill its memory.
 */
class WriteBatchesDoFn extends DoFn<ArrowBatch, StreamCommit> {
    /** Each has an instance, a connection and a transaction of its own, and a bundle can have batches of all streams there are. */
    private static final int MAX_OPEN = 4;

    private final ConnectorSpec spec;
    private final WriteSettings settings;
    private final CheckpointIntervals intervals;
    private final int maxInflightBatches;
    private final long maxInflightBytes;

    /** Whether batches that come again are known, so that a commit inside of a bundle doubles nothing. */
    private final boolean writesOnce;

    private transient DestinationPool pool;

    /** Counts batches. */
    private transient long now;

    /** Concurrent because runners may tear down while a bundle is in the works. */
    private transient Map<Key, OpenStream> open;

    /** What this bundle's writers have committed that are through with their stream, or with a part of it. */
    private transient List<Written> written;

    /** Those of the accounts in it with dead letters that could not come out yet. */
    private transient List<BundleAccount> withLetters;

    /** What this bundle has had of each stream. */
    private transient Map<Key, SeenBatches> seen;

    /** What this instance has written so far. */
    private transient WorkerRecords records;

    /** The runs that read what is in this bundle. */
    private transient Map<Key, String> readers;

    WriteBatchesDoFn(
            ConnectorSpec spec,
            WriteSettings settings,
            CheckpointIntervals intervals,
            int maxInflightBatches,
            long maxInflightBytes) {
        this.spec = spec;
        this.settings = settings;
        this.intervals = intervals;
        this.maxInflightBatches = maxInflightBatches;
        this.maxInflightBytes = maxInflightBytes;
        this.writesOnce = spec.writesOnce();
    }

    @Setup
    public void setup() {
        pool = new DestinationPool(spec);
        open = new ConcurrentHashMap<>();
        written = new ArrayList<>();
        withLetters = new ArrayList<>();
        seen = new HashMap<>();
        readers = new HashMap<>();
        records = WorkerRecords.ofDestination();
    }

    @StartBundle
    public void startBundle() {
        // A bundle that failed in another step ended without a word to this one.
        abortAll();
    }

    @ProcessElement
    public void process(
            @Element ArrowBatch batch, @Timestamp Instant timestamp, BoundedWindow window, MultiOutputReceiver outputs)
            throws InterruptedException {
        boolean accepted = false;
        try {
            Key key = new Key(runOf(batch), batch.stream());
            requireOneReader(key, batch);
            requireNew(key, batch);
            OpenStream stream = open.get(key);
            if (stream == null) {
                stream = start(key, batch);
                open.put(key, stream);
            }
            stream.lastUse = ++now;
            stream.writer.put(batch, timestamp, window);
            giveLetters(timestamp, window, outputs.get(WasmWriteResult.DEAD_LETTERS));
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
                finish(stream);
            }
            written.forEach(of -> give(of, context));
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

    /** The run that was asked for, and else the one that read the batch. */
    private String runOf(ArrowBatch batch) {
        return spec.runId() != null ? spec.runId() : batch.id().runId();
    }

    private void requireOneReader(Key key, ArrowBatch batch) {
        String reader = batch.id().runId();
        if (!readers.computeIfAbsent(key, any -> reader).equals(reader)) {
            throw MixedRuns.underOneId(spec.name(), key.stream(), key.runId());
        }
    }

    /** Where batches are told apart by their identities, two with one identity are one batch, and the other would be lost. */
    private void requireNew(Key key, ArrowBatch batch) {
        if (writesOnce && !seen.computeIfAbsent(key, any -> new SeenBatches()).add(batch.id())) {
            throw new ConnectorException(
                    spec.name(),
                    ConnectorError.of(
                            Category.CONFIG,
                            "duplicate_identity",
                            "Two batches of stream " + key.stream() + " are batch "
                                    + batch.id().sequence() + " of unit "
                                    + batch.id().unit()
                                    + " of one run. A step between reading and writing gave two batches one identity, and has to number them"
                                    + " anew; or the stream was read twice under one run id, flattened with itself, or put into several windows at once."));
        }
    }

    private OpenStream start(Key key, ArrowBatch first) throws InterruptedException {
        FrameInfo info = ArrowFrames.inspect(first.frame());
        StreamSpec stream = relation(first, info);
        WriteRequest request = settings.request(key.runId(), stream, ArrowFrames.schemaOf(first.frame()));
        String table = stream.table() == null ? stream.name() : stream.table();
        makeRoomFor(table);
        DestinationPool.Lease lease = pool.take(key.runId(), key.stream());
        boolean started = false;
        try {
            StreamWriter writer = new StreamWriter(
                    spec.name(),
                    lease.session(),
                    request,
                    intervals,
                    new BatchQueue(maxInflightBatches, maxInflightBytes));
            writer.start();
            started = true;
            return new OpenStream(key, table, lease, writer);
        } finally {
            if (!started) {
                // The machine may have no further thread: the connection is not to be lost with it.
                lease.session().close();
            }
        }
    }

    /**
     * Lets writers commit and go although the bundle may hold more batches of their streams. Where a commit inside of a bundle doubles rows when
     * the bundle fails, only those do that would be in the way.
     */
    private void makeRoomFor(String table) throws InterruptedException {
        for (OpenStream other : List.copyOf(open.values())) {
            // One can wait in the database for a row that the other has not committed, and the other here for its next
            // batch, for ever. Tables of one name may be in different schemas, which only the connector knows.
            if (other.table.equals(table)) {
                finishEarly(other);
            }
        }
        while (writesOnce && open.size() >= MAX_OPEN) {
            finishEarly(Collections.min(open.values(), Comparator.comparingLong(stream -> stream.lastUse)));
        }
    }

    private void finishEarly(OpenStream stream) throws InterruptedException {
        stream.writer.end();
        finish(stream);
    }

    /** The stream of a batch with the relation that its rows came from. */
    static StreamSpec relation(ArrowBatch batch, FrameInfo info) {
        Map<String, String> metadata = info.schema().metadata();
        return StreamSpec.of(batch.stream())
                .withTable(metadata.get("rapidbyte:namespace"), metadata.get("rapidbyte:table"));
    }

    private void finish(OpenStream stream) throws InterruptedException {
        StreamMetrics metrics = metricsOf(stream);
        long start = System.nanoTime();
        stream.writer.await();
        metrics.add(RapidbyteMetrics.SINK_COMMIT_WAIT, System.nanoTime() - start);
        stream.writer.report(metrics, records);
        open.remove(stream.key);
        pool.give(stream.lease);
        BundleAccount account = stream.writer.account();
        written.add(new Written(
                sharedRequest(stream.writer.request()), stream.writer.target(), readers.get(stream.key), account));
        if (account.hasLetters()) {
            withLetters.add(account);
        }
    }

    /** Streams that make room for each other all the time have many writers in a bundle, and a schema can be large. */
    private WriteRequest sharedRequest(WriteRequest request) {
        for (int i = written.size() - 1; i >= 0 && i >= written.size() - 2 * MAX_OPEN; i--) {
            if (written.get(i).request.equals(request)) {
                return written.get(i).request;
            }
        }
        return request;
    }

    /** What is committed, and the dead letters of it that were not given out before. */
    private static void give(Written of, FinishBundleContext context) {
        of.account
                .parts()
                .forEach(part -> context.output(
                        new StreamCommit(part.receipt(of.request), of.target, part.position(), part.first(), of.readBy),
                        part.latest(),
                        part.window()));
        of.account
                .takeLetters(any -> true)
                .forEach(letter -> context.output(
                        WasmWriteResult.DEAD_LETTERS, letter.letter(), letter.timestamp(), letter.window()));
    }

    /** Gives out the dead letters of committed batches that may leave with a batch: those of its window that are not older. */
    private void giveLetters(Instant timestamp, BoundedWindow window, OutputReceiver<DeadLetter> letters) {
        if (settings.dataErrors() != RecordPolicy.DLQ) {
            return;
        }
        Predicate<BundleAccount.Letter> mayLeave = letter ->
                letter.timestamp().equals(timestamp) && letter.window().equals(window);
        Consumer<BundleAccount.Letter> give = letter -> letters.output(letter.letter());
        open.values()
                .forEach(stream -> stream.writer.account().takeLetters(mayLeave).forEach(give));
        withLetters.forEach(account -> account.takeLetters(mayLeave).forEach(give));
        withLetters.removeIf(account -> !account.hasLetters());
    }

    private void abortAll() {
        List<OpenStream> left = new ArrayList<>(open.values());
        open.clear();
        written.clear();
        withLetters.clear();
        seen.clear();
        readers.clear();
        for (OpenStream stream : left) {
            stream.writer.abort();
            stream.writer.report(metricsOf(stream), records);
        }
    }

    private StreamMetrics metricsOf(OpenStream stream) {
        return new StreamMetrics(stream.key.stream(), spec.name());
    }

    /** A stream in a run. */
    private record Key(String runId, String stream) {}

    /** A stream with batches in this bundle, and a writer that takes more of them. */
    private static final class OpenStream {
        private final Key key;

        /** The name of the table that it came from, which is that of its target as well. */
        private final String table;

        private final DestinationPool.Lease lease;
        private final StreamWriter writer;
        private long lastUse;

        private OpenStream(Key key, String table, DestinationPool.Lease lease, StreamWriter writer) {
            this.key = key;
            this.table = table;
            this.lease = lease;
            this.writer = writer;
        }
    }

    /** What a writer has committed that is gone. */
    private record Written(WriteRequest request, String target, String readBy, BundleAccount account) {}
}
