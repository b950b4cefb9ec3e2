// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/** Stands in front of a server and passes on what it says, up to a number of bytes over all connections; then it hangs up, and on everyone. */
final class CuttingProxy implements AutoCloseable {
    /** Not the JVM's common ones, of which there are few, and all of these wait. */
    private final ExecutorService threads = Executors.newCachedThreadPool();

    private final ServerSocket listener = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    private final int serverPort;
    private final AtomicLong left = new AtomicLong();
    private final AtomicLong passed = new AtomicLong();

    CuttingProxy(int serverPort) throws IOException {
        this.serverPort = serverPort;
        threads.execute(this::acceptAll);
    }

    int port() {
        return listener.getLocalPort();
    }

    /** From now on passes on so many bytes of the server. */
    void allow(long bytes) {
        passed.set(0);
        left.set(bytes);
    }

    /** What was passed on since then. */
    long passed() {
        return passed.get();
    }

    private void acceptAll() {
        try {
            while (true) {
                Socket client = listener.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), serverPort);
                threads.execute(() -> copyQuestions(client, server));
                threads.execute(() -> copyAnswers(server, client));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private static void copyQuestions(Socket client, Socket server) {
        try (OutputStream out = server.getOutputStream()) {
            client.getInputStream().transferTo(out);
        } catch (IOException hungUp) {
            // The other direction ends, too.
        }
    }

    private void copyAnswers(Socket server, Socket client) {
        byte[] buffer = new byte[8192];
        try (client;
                server;
                InputStream in = server.getInputStream();
                OutputStream out = client.getOutputStream()) {
            while (left.get() > 0) {
                int size = in.read(buffer);
                if (size < 0) {
                    return;
                }
                int allowed = (int) Math.max(0, Math.min(size, left.getAndAdd(-size)));
                out.write(buffer, 0, allowed);
                passed.addAndGet(allowed);
            }
        } catch (IOException hungUp) {
            // The client was first.
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        threads.shutdown();
    }
}
