// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.DestinationConnector;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * Destination instances that wait for the next bundle with their connections open. A DoFn's thread takes and gives them; only {@link
 * #close()} may come from another one.
 */
final class DestinationPool implements AutoCloseable {
    /** A bundle seldom holds more streams than this, and each idle instance holds a connection and its memory. */
    private static final int MAX_IDLE = 4;

    private final ConnectorSpec spec;
    private final Deque<ConnectorSession<DestinationConnector>> idle = new ArrayDeque<>();
    private boolean closed;

    DestinationPool(ConnectorSpec spec) {
        this.spec = spec;
    }

    /**
     * A session, if possible one that wrote this stream before.
     *
     * @throws IllegalStateException when the pool was closed
     */
    synchronized ConnectorSession<DestinationConnector> take(String stream) {
        if (closed) {
            throw new IllegalStateException(
                    "Stream " + stream + " cannot be written by " + spec.name() + ": its step was torn down.");
        }
        Iterator<ConnectorSession<DestinationConnector>> sessions = idle.iterator();
        while (sessions.hasNext()) {
            ConnectorSession<DestinationConnector> session = sessions.next();
            if (session.isPreparedFor(stream)) {
                sessions.remove();
                return session;
            }
        }
        ConnectorSession<DestinationConnector> any = idle.poll();
        return any == null ? ConnectorSession.ofDestination(spec) : any;
    }

    /** Takes back a session whose last call succeeded. */
    synchronized void give(ConnectorSession<DestinationConnector> session) {
        idle.add(session);
        while (closed ? !idle.isEmpty() : idle.size() > MAX_IDLE) {
            idle.remove().close();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        while (!idle.isEmpty()) {
            idle.remove().close();
        }
    }
}
