// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.Timings;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * One connector instance over the calls of a DoFn: opened when it is first needed, kept while it is usable, dropped after an error so
 * that the next call opens another.
 *
 * <p>One thread calls at a time. {@link #cancel()} and {@link #close()} may come from any thread at any moment: runners tear DoFns
 * down while they work. Whoever calls then gets an error of category {@code cancelled}, and the instance is closed by the thread
 * that uses it.
 *
 * @param <C> the kind of connector
 */
final class ConnectorSession<C> implements AutoCloseable {
    /**
     * An instance with more memory is not kept after a call. Guests never give memory back, and those that met large rows have several
     * times what others need; on runners with many threads, each of which has sessions of its own, all of them together would not fit.
     */
    private static final long MAX_IDLE_MEMORY = 64L << 20;

    private final String connector;
    private final Supplier<C> opener;
    private final Consumer<C> canceller;
    private final Predicate<C> usable;
    private final Function<C, Timings> timingsOf;
    private final ToLongFunction<C> memoryOf;
    private final Consumer<C> closer;

    private C instance;
    private boolean busy;
    private boolean closed;

    /** The streams that the present instance was prepared for, with their targets; gone with the instance. */
    private final Map<String, String> prepared = new HashMap<>();

    private Timings reported = Timings.EMPTY;
    private Timings unreported = Timings.EMPTY;
    private long openNanos;

    private ConnectorSession(
            String connector,
            Supplier<C> opener,
            Consumer<C> canceller,
            Predicate<C> usable,
            Function<C, Timings> timingsOf,
            ToLongFunction<C> memoryOf,
            Consumer<C> closer) {
        this.connector = connector;
        this.opener = opener;
        this.canceller = canceller;
        this.usable = usable;
        this.timingsOf = timingsOf;
        this.memoryOf = memoryOf;
        this.closer = closer;
    }

    static ConnectorSession<SourceConnector> ofSource(ConnectorSpec spec) {
        return new ConnectorSession<>(
                spec.name(),
                spec::openSource,
                SourceConnector::cancel,
                SourceConnector::isUsable,
                SourceConnector::timings,
                SourceConnector::memoryBytes,
                SourceConnector::close);
    }

    static ConnectorSession<DestinationConnector> ofDestination(ConnectorSpec spec) {
        return new ConnectorSession<>(
                spec.name(),
                spec::openDestination,
                DestinationConnector::cancel,
                DestinationConnector::isUsable,
                DestinationConnector::timings,
                DestinationConnector::memoryBytes,
                DestinationConnector::close);
    }

    /**
     * Works with the instance.
     *
     * @throws ConnectorException when it cannot be opened, or from the work
     */
    <R> R call(Function<C, R> work) {
        C mine = begin();
        try {
            return work.apply(mine);
        } finally {
            end();
        }
    }

    /** Whether there is an instance that was prepared for this stream. Inside of a call, or between two. */
    boolean isPreparedFor(String stream) {
        return prepared.containsKey(stream);
    }

    /** The target of a stream that the present instance is prepared for; null for others. Inside of a call, or between two. */
    String preparedTarget(String stream) {
        return prepared.get(stream);
    }

    /** Remembers that the present instance is prepared for this stream. Only inside of a call. */
    void markPreparedFor(String stream, String target) {
        prepared.put(stream, target);
    }

    /** Ends the call in progress, if there is one, soon; later calls are refused. */
    synchronized void cancel() {
        closed = true;
        if (instance != null) {
            canceller.accept(instance);
        }
    }

    /** What all instances of this session did since this was asked last. Only between calls. */
    synchronized Timings takeTimings() {
        keepTimings();
        Timings taken = unreported;
        unreported = Timings.EMPTY;
        return taken;
    }

    /** Nanoseconds spent with opening instances since this was asked last. Only between calls. */
    synchronized long takeOpenNanos() {
        long taken = openNanos;
        openNanos = 0;
        return taken;
    }

    @Override
    public synchronized void close() {
        cancel();
        if (!busy) {
            drop();
        }
    }

    private C begin() {
        synchronized (this) {
            if (busy) {
                throw new IllegalStateException("Two threads use one session of connector " + connector + ".");
            }
            requireOpen();
            busy = true;
        }
        // Opening compiles the module at worst: not under the lock, which cancel() needs.
        if (instance == null) {
            long start = System.nanoTime();
            C opened;
            try {
                opened = opener.get();
            } catch (RuntimeException | Error e) {
                synchronized (this) {
                    busy = false;
                }
                throw e;
            } finally {
                synchronized (this) {
                    openNanos += System.nanoTime() - start;
                }
            }
            synchronized (this) {
                instance = opened;
                if (closed) {
                    busy = false;
                    drop();
                }
                requireOpen();
            }
        }
        return instance;
    }

    private synchronized void end() {
        busy = false;
        if (closed || !usable.test(instance) || memoryOf.applyAsLong(instance) > MAX_IDLE_MEMORY) {
            drop();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new ConnectorException(
                    connector,
                    ConnectorError.of(
                            Category.CANCELLED,
                            "cancelled",
                            "Connector " + connector + " was cancelled with its step."));
        }
    }

    private void drop() {
        if (instance != null) {
            keepTimings();
            reported = Timings.EMPTY;
            prepared.clear();
            closer.accept(instance);
            instance = null;
        }
    }

    private void keepTimings() {
        if (instance != null) {
            Timings now = timingsOf.apply(instance);
            unreported = unreported.plus(now.minus(reported));
            reported = now;
        }
    }
}
