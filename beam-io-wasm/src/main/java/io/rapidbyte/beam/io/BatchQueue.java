// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Batches on their way from a DoFn's thread to a writer's thread, bounded by number and by bytes. One thread puts, one takes.
 *
 * <p>Either side can leave: after {@link #close()} nobody waits any more, however full the queue is, and both learn of it.
 */
final class BatchQueue {
    private final int maxBatches;
    private final long maxBytes;
    private final Deque<ArrowBatch> batches = new ArrayDeque<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    private long bytes;
    private boolean ended;
    private boolean closed;
    private long putWaitNanos;
    private long takeWaitNanos;

    BatchQueue(int maxBatches, long maxBytes) {
        this.maxBatches = maxBatches;
        this.maxBytes = maxBytes;
    }

    /**
     * Adds a batch, waiting while the queue is full. A batch larger than the bound passes when the queue is empty.
     *
     * @return false when the queue is closed, and the batch was not added
     */
    boolean put(ArrowBatch batch) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            if (isFullFor(batch) && !closed) {
                long start = System.nanoTime();
                try {
                    while (isFullFor(batch) && !closed) {
                        changed.await();
                    }
                } finally {
                    putWaitNanos += System.nanoTime() - start;
                }
            }
            if (closed) {
                return false;
            }
            batches.add(batch);
            bytes += batch.sizeBytes();
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Says that no further batch follows. */
    void end() {
        lock.lock();
        try {
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes the next batch, waiting while there is none.
     *
     * @return null at the end of the input
     * @throws InterruptedException when the queue was closed before its end, or the thread was interrupted
     */
    ArrowBatch take() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            if (batches.isEmpty() && !ended && !closed) {
                long start = System.nanoTime();
                try {
                    while (batches.isEmpty() && !ended && !closed) {
                        changed.await();
                    }
                } finally {
                    takeWaitNanos += System.nanoTime() - start;
                }
            }
            if (closed) {
                throw new InterruptedException("The bundle was abandoned before its end.");
            }
            ArrowBatch batch = batches.poll();
            if (batch != null) {
                bytes -= batch.sizeBytes();
                changed.signalAll();
            }
            return batch;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until there is a batch to take, or will be none, for at most so long.
     *
     * @return false when the time is over and there is none yet
     */
    boolean awaitNext(long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long start = System.nanoTime();
            long left = nanos;
            while (batches.isEmpty() && !ended && !closed && left > 0) {
                left = changed.awaitNanos(left);
            }
            takeWaitNanos += System.nanoTime() - start;
            return !batches.isEmpty() || ended || closed;
        } finally {
            lock.unlock();
        }
    }

    /** Whether no batch is left, and none will come. */
    boolean isDrained() {
        lock.lock();
        try {
            return batches.isEmpty() && ended;
        } finally {
            lock.unlock();
        }
    }

    /** Ends all waiting on both sides for good, and lets go of the batches. */
    void close() {
        lock.lock();
        try {
            closed = true;
            batches.clear();
            bytes = 0;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Nanoseconds that the putting side waited so far. */
    long putWaitNanos() {
        lock.lock();
        try {
            return putWaitNanos;
        } finally {
            lock.unlock();
        }
    }

    /** Nanoseconds that the taking side waited so far. */
    long takeWaitNanos() {
        lock.lock();
        try {
            return takeWaitNanos;
        } finally {
            lock.unlock();
        }
    }

    private boolean isFullFor(ArrowBatch batch) {
        return batches.size() >= maxBatches || (!batches.isEmpty() && bytes + batch.sizeBytes() > maxBytes);
    }
}
