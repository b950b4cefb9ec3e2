// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.net.InetAddress;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** The open connections of one instance by handle. The guest's thread adds and removes; any thread may abort them all. */
final class TcpConnections {
    static final int MAX_OPEN = 64;

    private final Map<Integer, TcpConnection> open = new ConcurrentHashMap<>();
    private volatile CompletableFuture<InetAddress[]> resolution;
    private volatile TcpConnection connecting;
    private int lastHandle;

    int count() {
        return open.size();
    }

    int add(TcpConnection connection) {
        do {
            lastHandle = lastHandle == Integer.MAX_VALUE ? 1 : lastHandle + 1;
        } while (open.containsKey(lastHandle));
        open.put(lastHandle, connection);
        return lastHandle;
    }

    TcpConnection get(int handle) throws ImportFailure {
        TcpConnection connection = open.get(handle);
        if (connection == null) {
            throw ImportFailure.badArgument("There is no open connection with handle " + handle);
        }
        return connection;
    }

    /** Null when there is none. */
    TcpConnection remove(int handle) {
        return open.remove(handle);
    }

    /** The name resolution that the guest's thread waits for; null when it does not. */
    void resolving(CompletableFuture<InetAddress[]> newResolution) {
        resolution = newResolution;
    }

    /** The connection that the guest's thread is establishing; null when it does not. */
    void connecting(TcpConnection connection) {
        connecting = connection;
    }

    /** Makes whatever waits for the network return, and closes everything. From any thread. */
    void abortAll() {
        CompletableFuture<InetAddress[]> pending = resolution;
        if (pending != null) {
            pending.cancel(false);
        }
        TcpConnection unfinished = connecting;
        if (unfinished != null) {
            unfinished.abort();
        }
        open.values().forEach(TcpConnection::abort);
    }
}
