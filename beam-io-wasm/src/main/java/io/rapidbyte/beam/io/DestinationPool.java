// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.DestinationConnector;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Destination instances that wait for the next bundle with their connections open. A DoFn's thread takes and gives them; only {@link
 * #close()} may come from another one.
 */
final class DestinationPool implements AutoCloseable {
    /** A bundle seldom holds more streams than this, and each idle instance holds a connection and its memory. */
    private static final int MAX_IDLE = 4;

    private final ConnectorSpec spec;
    private final Deque<Lease> idle = new ArrayDeque<>();
    private boolean closed;

    /** A session with the run it is of: an instance knows its run from the moment it is opened. */
    record Lease(String runId, ConnectorSession<DestinationConnector> session) {}

    DestinationPool(ConnectorSpec spec) {
        this.spec = spec;
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
        Lease found = null;
        for (Lease lease : idle) {
            if (lease.runId.equals(runId) && (found == null || lease.session.isPreparedFor(stream))) {
                found = lease;
            }
        }
        if (found == null) {
            return new Lease(runId, ConnectorSession.ofDestination(spec.withRunId(runId)));
        }
        idle.remove(found);
        return found;
    }

    /** Takes back a session whose last call succeeded. */
    synchronized void give(Lease lease) {
        idle.add(lease);
        while (closed ? !idle.isEmpty() : idle.size() > MAX_IDLE) {
            idle.remove().session.close();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        while (!idle.isEmpty()) {
            idle.remove().session.close();
        }
    }
}
