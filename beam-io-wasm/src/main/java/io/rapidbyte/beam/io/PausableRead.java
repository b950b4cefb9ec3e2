// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.Timings;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.beam.sdk.io.range.OffsetRange;

/**
 * One read call on a thread of its own, so that it can pause in the midst of a unit: the source waits in the call that hands a batch over
 * until a later bundle goes on with it. Either the read or the thread that runs the bundle works, never both, so that what belongs to the
 * bundle's thread can be used by the read.
 */
final class PausableRead {
    private static final ExecutorService THREADS = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "rapidbyte-reader");
        thread.setDaemon(true);
        return thread;
    });

    /**
     * How many reads of this process may be paused at a time. Each keeps its guest's memory, a connection and a thread; those beyond finish their
     * units in one bundle.
     */
    private static final Semaphore PAUSES =
            new Semaphore(Math.max(8, 2 * Runtime.getRuntime().availableProcessors()));

    private final ConnectorSession<SourceConnector> session;
    private final UnitsRead read;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // All of these belong to whoever holds the lock.
    private boolean started;
    private boolean holdsPause;
    private boolean working;
    private boolean ended;
    private boolean cancelled;
    private Throwable failure;
    private SourceConnector source;
    private Timings timingsBefore;
    private long pausedNanos;
    private long workingNanos;

    PausableRead(ConnectorSession<SourceConnector> session, UnitsRead read) {
        this.session = session;
        this.read = read;
    }

    ConnectorSession<SourceConnector> session() {
        return session;
    }

    UnitsRead read() {
        return read;
    }

    /**
     * Reads until the read pauses or ends. On the bundle's thread.
     *
     * @param plan the plan of the stream
     * @param range the units to read; of no interest to a read that was paused
     * @return whether it has ended
     * @throws io.rapidbyte.wasm.ConnectorException from the read; also when the bundle's thread was interrupted, which cancels the read
     */
    boolean goOn(StreamPlan plan, OffsetRange range) {
        lock.lock();
        try {
            working = true;
            if (started) {
                changed.signalAll();
            } else {
                started = true;
                THREADS.execute(() -> work(plan, range));
            }
            long start = System.nanoTime();
            awaitPauseOrEnd();
            workingNanos += System.nanoTime() - start;
            rethrowFailure();
            return ended;
        } finally {
            lock.unlock();
        }
    }

    private void awaitPauseOrEnd() {
        boolean interrupted = false;
        while (working) {
            try {
                changed.await();
            } catch (InterruptedException e) {
                interrupted = true;
                cancelled = true;
                session.cancel();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** What the source has done in this read. Once it has ended. */
    Timings timings() {
        return source == null ? Timings.EMPTY : source.timings().minus(timingsBefore);
    }

    /** Nanoseconds for which the read was paused. While it is paused, or has ended. */
    long pausedNanos() {
        return pausedNanos;
    }

    /** Nanoseconds for which it was not. While it is paused, or has ended. */
    long workingNanos() {
        return workingNanos;
    }

    /** Whether it may pause now; it must not when others are paused already that take all the room there is. */
    boolean mayPause() {
        lock.lock();
        try {
            // Once it has paused it keeps its place until it ends: its next pause is a bundle away.
            holdsPause = holdsPause || PAUSES.tryAcquire();
            return holdsPause;
        } finally {
            lock.unlock();
        }
    }

    private void releasePause() {
        if (holdsPause) {
            holdsPause = false;
            PAUSES.release();
        }
    }

    /**
     * Waits until a later bundle goes on. On the read's thread.
     *
     * @return false when none will
     */
    boolean pause() {
        lock.lock();
        try {
            long start = System.nanoTime();
            working = false;
            changed.signalAll();
            while (!working && !cancelled) {
                changed.awaitUninterruptibly();
            }
            pausedNanos += System.nanoTime() - start;
            return !cancelled;
        } finally {
            lock.unlock();
        }
    }

    /** Ends a read that nobody will go on with. */
    void cancel() {
        lock.lock();
        try {
            cancelled = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        session.close();
    }

    private void work(StreamPlan plan, OffsetRange range) {
        Throwable thrown = null;
        try {
            session.call(instance -> {
                timingsBefore = instance.timings();
                source = instance;
                return instance.read(plan, range.getFrom(), range.getTo(), read);
            });
        } catch (Throwable e) {
            thrown = e;
        }
        lock.lock();
        try {
            failure = thrown;
            ended = true;
            releasePause();
            working = false;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void rethrowFailure() {
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure instanceof RuntimeException exception) {
            throw exception;
        }
        if (failure != null) {
            throw new IllegalStateException(failure);
        }
    }
}
