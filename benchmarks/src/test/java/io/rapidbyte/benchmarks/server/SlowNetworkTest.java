// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.server;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.benchmarks.scenario.Scenario.Network;
import io.rapidbyte.pipelines.config.ByteSize;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Of times only the lower bound is checked: the machine may be slower than the network. */
@Timeout(20)
class SlowNetworkTest {
    private static final Duration LATENCY = Duration.ofMillis(20);

    private ServerSocket server;

    @BeforeEach
    void listen() throws IOException {
        server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    @Test
    void bytesArriveCompleteAndInOrderInBothDirections() throws Exception {
        byte[] there = random(3_000_001, 1);
        byte[] back = random(2_000_003, 2);
        try (SlowNetwork network = start(new Network(Duration.ofMillis(1), null));
                Socket client = connect(network);
                Socket peer = server.accept()) {
            CompletableFuture<Void> sentThere = send(client, there);
            CompletableFuture<Void> sentBack = send(peer, back);
            CompletableFuture<byte[]> arrivedBack = receive(client, back.length);

            assertThat(receive(peer, there.length).get(), is(there));
            assertThat(arrivedBack.get(), is(back));
            sentThere.get();
            sentBack.get();
        }
    }

    @Test
    void whatIsSentArrivesLaterByTheLatencyInEachDirection() throws Exception {
        try (SlowNetwork network = start(new Network(LATENCY, null));
                Socket client = connect(network);
                Socket peer = server.accept()) {
            long start = System.nanoTime();
            client.getOutputStream().write(1);
            assertThat(peer.getInputStream().read(), is(1));
            long there = System.nanoTime();
            peer.getOutputStream().write(2);
            assertThat(client.getInputStream().read(), is(2));

            assertThat(there - start, greaterThanOrEqualTo(LATENCY.toNanos()));
            assertThat(System.nanoTime() - there, greaterThanOrEqualTo(LATENCY.toNanos()));
        }
    }

    @Test
    void noConnectionIsFasterThanTheBandwidth() throws Exception {
        byte[] bytes = random(256 << 10, 3);
        try (SlowNetwork network = start(new Network(LATENCY, ByteSize.parse("1mb")));
                Socket client = connect(network);
                Socket peer = server.accept()) {
            long start = System.nanoTime();
            CompletableFuture<Void> sent = send(client, bytes);
            assertThat(receive(peer, bytes.length).get(), is(bytes));

            assertThat(
                    System.nanoTime() - start,
                    greaterThanOrEqualTo(Duration.ofMillis(250).plus(LATENCY).toNanos()));
            sent.get();
        }
    }

    @Test
    void theEndOfAConnectionArrivesBehindItsBytes() throws Exception {
        try (SlowNetwork network = start(new Network(LATENCY, null));
                Socket client = connect(network);
                Socket peer = server.accept()) {
            client.getOutputStream().write(random(100_000, 4));
            client.close();

            assertThat(peer.getInputStream().readAllBytes(), is(random(100_000, 4)));
        }
    }

    private SlowNetwork start(Network network) throws IOException {
        return SlowNetwork.start(network, server.getInetAddress().getHostAddress(), server.getLocalPort());
    }

    private static Socket connect(SlowNetwork network) throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), network.port());
    }

    private interface Transfer<T> {
        T run() throws IOException;
    }

    private static CompletableFuture<Void> send(Socket socket, byte[] bytes) {
        return inBackground(() -> {
            OutputStream out = socket.getOutputStream();
            out.write(bytes);
            out.flush();
            return null;
        });
    }

    private static CompletableFuture<byte[]> receive(Socket socket, int length) {
        return inBackground(() -> {
            InputStream in = socket.getInputStream();
            return in.readNBytes(length);
        });
    }

    /** On a thread of its own: the common pool of a small machine has too few for all that wait for each other here. */
    private static <T> CompletableFuture<T> inBackground(Transfer<T> transfer) {
        CompletableFuture<T> future = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                future.complete(transfer.run());
            } catch (IOException | RuntimeException e) {
                future.completeExceptionally(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return future;
    }

    private static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
