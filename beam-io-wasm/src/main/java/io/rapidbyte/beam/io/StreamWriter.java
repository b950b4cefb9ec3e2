// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.ArrowFrames;
import io.rapidbyte.wasm.BatchFeed;
import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.FrameInfo;
import io.rapidbyte.wasm.RecordPolicy;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.Timings;
import io.rapidbyte.wasm.WriteRequest;
import io.rapidbyte.wasm.WriteResult;
import java.time.Duration;
import java.util.Map;
import org.apache.beam.sdk.transforms.windowing.BoundedWindow;
import org.joda.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes one stream's batches of one bundle on a thread of its own, so that reading and writing overlap even where the runner fuses both
 * into one thread. All is committed when {@link #await()} returns; until {@link #end()} was called nothing is but what was due by the
 * checkpoint intervals.
 *
 * <p>All methods are called on the DoFn's thread.
 */
final class StreamWriter implements LocalWriters.Work {
    private static final Logger LOG = LoggerFactory.getLogger(StreamWriter.class);

    /** How long an abandoned writer may take to notice; it waits in the host, which cancels at once. */
    private static final Duration MAX_ABORT = Duration.ofSeconds(30);

    private final String connector;
    private final ConnectorSession<DestinationConnector> session;
    private final WriteRequest request;
    private final BatchQueue queue;
    private final CheckpointIntervals intervals;
    private final BundleAccount account;
    private final Thread thread;

    // Written by the writer's thread before it ends, read after joining it or after the queue was found closed.
    private volatile Throwable failure;

    /** Whether it was told to end from outside: what it then does not take is no fault of the connector. */
    private volatile boolean givenUp;

    private WriteResult result;
    private long applyNanos;
    private long writeNanos;
    private Timings applyTimings = Timings.EMPTY;
    private Timings writeTimings = Timings.EMPTY;
    private String target;
    private long batchesTaken;

    StreamWriter(
            String connector,
            ConnectorSession<DestinationConnector> session,
            WriteRequest request,
            CheckpointIntervals intervals,
            BatchQueue queue) {
        this.connector = connector;
        this.session = session;
        this.request = request;
        this.intervals = intervals;
        this.queue = queue;
        this.account = new BundleAccount(connector, request);
        this.thread =
                new Thread(this::run, "rapidbyte-writer-" + request.stream().name());
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    WriteRequest request() {
        return request;
    }

    ConnectorSession<DestinationConnector> session() {
        return session;
    }

    /**
     * Hands over a batch, waiting while the queue is full.
     *
     * @throws ConnectorException when the writer failed, at this batch or an earlier one
     */
    void put(ArrowBatch batch, Instant timestamp, BoundedWindow window) throws InterruptedException {
        account.put(batch, timestamp, window);
        if (!queue.put(batch)) {
            throw failed();
        }
    }

    /** Says that the bundle holds no further batch of the stream: the destination commits. */
    void end() {
        queue.end();
    }

    /**
     * Waits until everything is committed.
     *
     * @throws ConnectorException when it was not
     */
    void await() throws InterruptedException {
        thread.join();
        if (failure != null) {
            throw failed();
        }
        account.end(result);
    }

    /** What is committed and what was refused. After {@link #await()}. */
    BundleAccount account() {
        return account;
    }

    /** The target's name for people. After {@link #await()}. */
    String target() {
        return target;
    }

    /** Abandons the bundle: the destination rolls back. Waits until the writer's thread is gone; without effect when it is. */
    void abort() {
        queue.close();
        if (thread.isAlive()) {
            session.cancel();
            boolean interrupted = Thread.interrupted();
            try {
                thread.join(MAX_ABORT.toMillis());
            } catch (InterruptedException e) {
                interrupted = true;
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
            if (thread.isAlive()) {
                LOG.warn(
                        "The writer of stream {} did not end within {} s after it was cancelled; its connection is left to it.",
                        request.stream().name(),
                        MAX_ABORT.toSeconds());
            }
        }
        session.close();
    }

    @Override
    public void giveUp() {
        givenUp = true;
        queue.close();
        session.cancel();
    }

    /** Reports what this writer measured. After {@link #await()} or {@link #abort()}. */
    void report(StreamMetrics metrics, WorkerRecords worker) {
        metrics.add(RapidbyteMetrics.SINK_ENQUEUE_WAIT, queue.putWaitNanos());
        metrics.addCodecs();
        if (thread.isAlive()) {
            // Its numbers are its own as long as it works.
            return;
        }
        long waitNanos = queue.takeWaitNanos();
        metrics.add(RapidbyteMetrics.DEST_WRITE, applyNanos + writeNanos);
        Map<String, Long> phases = WritePhases.of(applyNanos, applyTimings, writeNanos, writeTimings, waitNanos);
        metrics.addAll(phases);
        metrics.add(RapidbyteMetrics.DEST_RECV_PROCESS, writeNanos - phases.get(RapidbyteMetrics.DEST_RECV_WAIT));
        metrics.add(RapidbyteMetrics.DEST_RECV_COUNT, batchesTaken);
        metrics.add(RapidbyteMetrics.WRITE_BUNDLES, 1);
        if (result != null) {
            metrics.add(RapidbyteMetrics.RECORDS_WRITTEN, result.rows());
            worker.add(metrics, result.rows());
            metrics.add(RapidbyteMetrics.BATCHES_WRITTEN, result.batches());
            metrics.add(RapidbyteMetrics.RECORDS_REFUSED, result.refused());
            metrics.add(RapidbyteMetrics.DEAD_LETTERS, account.letterCount());
            metrics.add(RapidbyteMetrics.BYTES_WRITTEN, account.bytesCommitted());
            metrics.add(RapidbyteMetrics.COMMITS, account.commitCount());
        }
        metrics.add(RapidbyteMetrics.DEST_VM_SETUP, session.takeOpenNanos());
        metrics.addHost("dest", session.takeTimings());
    }

    private void run() {
        try {
            LocalWriters.enter(
                    request.runId(), this, connector, request.stream().name());
            result = session.call(this::applyAndWrite);
        } catch (Throwable e) {
            failure = e;
        } finally {
            // Whoever waits for room must learn at once that nobody will make any.
            queue.close();
            LocalWriters.leave(request.runId(), this);
        }
    }

    private WriteResult applyAndWrite(DestinationConnector destination) {
        String stream = request.stream().name();
        if (!session.isPreparedFor(stream)) {
            session.markPreparedFor(stream, apply(destination));
        }
        target = session.preparedTarget(stream);
        Timings before = destination.timings();
        long start = System.nanoTime();
        try {
            return destination.write(request, new Feed());
        } finally {
            writeNanos = System.nanoTime() - start;
            writeTimings = destination.timings().minus(before);
        }
    }

    private String apply(DestinationConnector destination) {
        Timings before = destination.timings();
        long start = System.nanoTime();
        try {
            return destination.apply(request);
        } finally {
            applyNanos = System.nanoTime() - start;
            applyTimings = destination.timings().minus(before);
        }
    }

    /** What the destination writes from. */
    private final class Feed implements BatchFeed {
        @Override
        public Frame next() throws InterruptedException {
            return nextFrame();
        }

        @Override
        public boolean checkpointDue() throws InterruptedException {
            if (queue.isDrained()) {
                // The end commits as well.
                return false;
            }
            long nanos = account.nanosUntilDue(intervals);
            return account.isDue(intervals) || nanos >= 0 && !queue.awaitNext(nanos);
        }

        @Override
        public void committed(WriteResult committed) {
            account.commit(committed);
        }

        @Override
        public boolean deadLetter(String json) {
            if (request.dataErrors() != RecordPolicy.DLQ) {
                return false;
            }
            account.refuse(json);
            return true;
        }
    }

    private Frame nextFrame() throws InterruptedException {
        ArrowBatch batch = queue.take();
        if (batch == null) {
            return null;
        }
        batchesTaken++;
        account.takeNext();
        // Between source and sink a batch may have met transforms, coders and networks.
        FrameInfo info = ArrowFrames.inspect(batch.frame());
        if (info.rows() != batch.rows()) {
            throw new ConnectorException(
                    connector,
                    ConnectorError.of(
                            Category.FRAME,
                            "row_count",
                            batch + " holds " + info.rows() + " rows in its frame. The step that made it is wrong."));
        }
        StreamSpec relation = WriteBatchesDoFn.relation(batch, info);
        if (!relation.equals(request.stream())) {
            throw new ConnectorException(
                    connector,
                    ConnectorError.of(
                            Category.SCHEMA,
                            "mixed_relations",
                            "Stream " + batch.stream() + " holds rows of " + relation.namespace() + "."
                                    + relation.table()
                                    + " and of " + request.stream().namespace() + "."
                                    + request.stream().table()
                                    + ", which have targets of their own. Give the two streams different names."));
        }
        return new Frame(batch.id().unit(), batch.id().sequence(), batch.rows(), batch.frame());
    }

    private RuntimeException failed() {
        Throwable cause = failure;
        if (cause instanceof Error error) {
            throw error;
        }
        if (cause instanceof RuntimeException exception) {
            return exception;
        }
        if (cause == null && givenUp) {
            return new ConnectorException(
                    connector,
                    ConnectorError.of(
                            Category.CANCELLED,
                            "cancelled",
                            "Stream " + request.stream().name() + " is not written any more: its run was ended."));
        }
        if (cause == null) {
            return new ConnectorException(
                    connector,
                    ConnectorError.of(
                            Category.INTERNAL,
                            "ended_early",
                            connector + " ended its write of stream "
                                    + request.stream().name()
                                    + " although more batches follow. This is a defect of the connector."));
        }
        return new IllegalStateException(
                "The writer of stream " + request.stream().name() + " failed.", cause);
    }
}
