// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.testing.OwnThread;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;

/** A way to a port of this machine, which can be cut for good. */
final class Relay implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int port;
    private final List<Socket> sockets = new ArrayList<>();

    /** To this port. */
    Relay(int port) throws IOException {
        this.port = port;
        OwnThread.EACH.execute(this::acceptAll);
    }

    /** The port where it begins. */
    int port() {
        return listener.getLocalPort();
    }

    private void acceptAll() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                Socket server = new Socket(listener.getInetAddress(), port);
                if (keeps(client, server)) {
                    OwnThread.EACH.execute(() -> pass(client, server));
                    OwnThread.EACH.execute(() -> pass(server, client));
                }
            } catch (IOException e) {
                // It was cut, or nobody is at its end: whoever connects sees that.
            }
        }
    }

    private synchronized boolean keeps(Socket client, Socket server) throws IOException {
        sockets.add(client);
        sockets.add(server);
        if (listener.isClosed()) {
            close();
            return false;
        }
        return true;
    }

    private static void pass(Socket from, Socket to) {
        try (from;
                to) {
            from.getInputStream().transferTo(to.getOutputStream());
        } catch (IOException e) {
            // Both sides see the end.
        }
    }

    /** Cuts it. */
    @Override
    public synchronized void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
