// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.DestinationConnector;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongSupplier;

/**
 * Destination instances that wait for the next bundle with their connections open. A DoFn's thread takes and gives them; only {@link
 * #close()} may come from another one.
 */
final class DestinationPool implements AutoCloseable {
    /** A bundle seldom holds more streams than this, and each idle instance holds a connection and its memory. */
    private static final int MAX_IDLE = 4;

    /**
     * What waited longer is not used any more: a firewall may have forgotten its connection, or the server be another one by now, which a bundle
     * would notice when it has sent all of its rows. Opening another takes milliseconds.
     */
    private static final Duration MAX_IDLE_TIME = Duration.ofSeconds(30);

    private final ConnectorSpec spec;
    private final LongSupplier nanoClock;

    /** The one that waits longest first. */
    private final Deque<Idle> idle = new ArrayDeque<>();

    private boolean closed;

    /** A session with the run it is of: an instance knows its run from the moment it is opened. */
    record Lease(String runId, ConnectorSession<DestinationConnector> session) {}

    private record Idle(Lease lease, long since) {}

    DestinationPool(ConnectorSpec spec) {
        this(spec, System::nanoTime);
    }

    DestinationPool(ConnectorSpec spec, LongSupplier nanoClock) {
        this.spec = spec;
        this.nanoClock = nanoClock;
    }

    /**
     * A session of a run, if possible one that wrote this stream before.
     *
     * @throws IllegalStateException when the pool was closed
     */
    synchronized Lease take(String runId, String stream) {
        if (closed) {
            throw new IllegalStateException(
                    "Stream " + stream + " cannot be written by " + spec.name() + ": its step was torn down.");
        }
        while (!idle.isEmpty() && nanoClock.getAsLong() - idle.peek().since > MAX_IDLE_TIME.toNanos()) {
            closeOldest();
        }
        Idle found = null;
        for (Idle waiting : idle) {
            if (waiting.lease.runId.equals(runId) && (found == null || waiting.lease.session.isPreparedFor(stream))) {
                found = waiting;
            }
        }
        if (found == null) {
            return new Lease(runId, ConnectorSession.ofDestination(spec.withRunId(runId)));
        }
        idle.remove(found);
        return found.lease;
    }

    /** Takes back a session whose last call succeeded. */
    synchronized void give(Lease lease) {
        idle.add(new Idle(lease, nanoClock.getAsLong()));
        while (closed ? !idle.isEmpty() : idle.size() > MAX_IDLE) {
            closeOldest();
        }
    }

    private void closeOldest() {
        idle.remove().lease.session.close();
    }

    @Override
    public synchronized void close() {
        closed = true;
        while (!idle.isEmpty()) {
            closeOldest();
        }
    }
}
