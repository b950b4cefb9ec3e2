// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.server;

import io.rapidbyte.benchmarks.scenario.Scenario.Network;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * A relay on the local machine behaving like a network: what comes in leaves later by the latency, and no connection gets more than its
 * bandwidth in either direction. Bytes in flight are bounded by bandwidth times latency and a socket buffer, as in a real one.
 */
public final class SlowNetwork implements AutoCloseable {
    private static final int PIECE_BYTES = 16 << 10;
    /** Bytes that a router holds; above that it stops reading, which slows the sender down. */
    private static final int BUFFERED_PIECES = 64;

    private static final Piece END = new Piece(new byte[0], 0, 0);

    private final Network network;
    private final InetSocketAddress server;
    private final ServerSocket listener;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    /** Bytes on their way. */
    private record Piece(byte[] bytes, int length, long arrivedNanos) {}

    private SlowNetwork(Network network, InetSocketAddress server, ServerSocket listener) {
        this.network = network;
        this.server = server;
        this.listener = listener;
    }

    /** Starts to relay to a server. */
    public static SlowNetwork start(Network network, String host, int port) throws IOException {
        SlowNetwork relay = new SlowNetwork(
                network, new InetSocketAddress(host, port), new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
        run("network", relay::accept);
        return relay;
    }

    /** The port that stands for the server's, on the loopback address. */
    public int port() {
        return listener.getLocalPort();
    }

    private void accept() throws IOException {
        while (!listener.isClosed()) {
            Socket client = listener.accept();
            open.add(client);
            try {
                connect(client);
            } catch (IOException e) {
                // The client sees that its connection ends, as it would without a network in between.
                close(client);
            }
        }
    }

    private void connect(Socket client) throws IOException {
        Socket upstream = new Socket();
        open.add(upstream);
        upstream.connect(server);
        client.setTcpNoDelay(true);
        upstream.setTcpNoDelay(true);
        relay(client, upstream);
        relay(upstream, client);
    }

    private void relay(Socket from, Socket to) {
        BlockingQueue<Piece> way = new ArrayBlockingQueue<>(BUFFERED_PIECES);
        run("network-in", () -> take(from, way));
        run("network-out", () -> deliver(way, to));
    }

    private static void take(Socket from, BlockingQueue<Piece> way) throws IOException, InterruptedException {
        try {
            InputStream in = from.getInputStream();
            while (true) {
                byte[] bytes = new byte[PIECE_BYTES];
                int length = in.read(bytes);
                if (length < 0) {
                    return;
                }
                way.put(new Piece(bytes, length, System.nanoTime()));
            }
        } finally {
            way.put(END);
        }
    }

    private void deliver(BlockingQueue<Piece> way, Socket to) throws IOException, InterruptedException {
        try {
            OutputStream out = to.getOutputStream();
            long free = System.nanoTime();
            for (Piece piece = way.take(); piece != END; piece = way.take()) {
                long onTheWire = Math.max(free, piece.arrivedNanos);
                free = onTheWire + wireNanos(piece.length);
                waitUntil(free + network.latency().toNanos());
                out.write(piece.bytes, 0, piece.length);
            }
        } finally {
            close(to);
        }
    }

    private long wireNanos(int bytes) {
        return network.bandwidth() == null
                ? 0
                : (long) (bytes * 1e9 / network.bandwidth().bytes());
    }

    private static void waitUntil(long nanos) {
        for (long left = nanos - System.nanoTime(); left > 0; left = nanos - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** What runs until its socket is closed, by whichever side. */
    private interface UntilClosed {
        void run() throws IOException, InterruptedException;
    }

    private static void run(String name, UntilClosed work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (IOException e) {
                        // One side is gone; the other is told by the end of its stream.
                        return;
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
    }

    private void close(Socket socket) throws IOException {
        open.remove(socket);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
