// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/**
 * Stands in front of a Postgres server and passes on what both sides say, until it is told to break something: after so many bytes, or at
 * certain messages. It understands the messages of connections without TLS; of others it counts the bytes.
 */
public final class FaultyProxy implements AutoCloseable {
    /** Who says something. */
    public enum Direction {
        /** The client. */
        QUESTIONS,
        /** The server. */
        ANSWERS
    }

    /** How a connection is cut. */
    public enum Ending {
        /** Each side gets what was sent before, and the end. */
        ORDERLY,
        /** The client may lose what it did not read yet. */
        RESET
    }

    /** Not the JVM's common ones, of which there are few, and all of these wait. */
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "faulty-proxy");
        thread.setDaemon(true);
        return thread;
    });

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final PostgresServer server;
    private final Allowance questions = new Allowance();
    private final Allowance answers = new Allowance();
    private final List<Fault> faults = new CopyOnWriteArrayList<>();
    private volatile Ending ending = Ending.ORDERLY;

    /** Stands in front of a server. */
    public FaultyProxy(PostgresServer server) throws IOException {
        this.server = server;
        threads.execute(this::acceptAll);
    }

    /** The port of this machine to connect to. */
    public int port() {
        return listener.getLocalPort();
    }

    /** The configuration that reaches a schema of the server through this, without TLS. */
    public Map<String, Object> config(TestSchema schema) {
        Map<String, Object> config = schema.config();
        config.put("host", listener.getInetAddress().getHostAddress());
        config.put("port", port());
        config.put("sslmode", "disable");
        return config;
    }

    /** From now on passes on so many bytes that one side says, over all connections; then it hangs up, and on everyone. */
    public void cutAfter(Direction direction, long bytes, Ending how) {
        behave();
        ending = how;
        allowance(direction).set(bytes);
    }

    /** From now on passes on everything, and counts anew. */
    public void behave() {
        ending = Ending.ORDERLY;
        faults.clear();
        questions.set(Long.MAX_VALUE);
        answers.set(Long.MAX_VALUE);
    }

    /** What was passed on of what one side said since {@link #cutAfter} or {@link #behave}. */
    public long passed(Direction direction) {
        return allowance(direction).passed();
    }

    /** Breaks something at the first messages of a kind; counts from now. */
    public Fault add(Fault.Kind kind, Predicate<Question> where, int times) {
        Fault fault = new Fault(kind, where, times);
        faults.add(fault);
        return fault;
    }

    /** Those that happen at a message, in the order in which they were added. */
    List<Fault> faultsAt(Question question) {
        return faults.stream().filter(fault -> fault.strikes(question)).toList();
    }

    Allowance allowance(Direction direction) {
        return direction == Direction.QUESTIONS ? questions : answers;
    }

    Ending ending() {
        return ending;
    }

    private void acceptAll() {
        while (!listener.isClosed()) {
            Socket client;
            try {
                client = listener.accept();
            } catch (IOException closed) {
                return;
            }
            threads.execute(() -> serve(client));
        }
    }

    private void serve(Socket client) {
        try (client) {
            if (questions.isUsedUp() || answers.isUsedUp()) {
                return;
            }
            try (Socket upstream = new Socket(server.host(), server.port())) {
                upstream.setTcpNoDelay(true);
                client.setTcpNoDelay(true);
                new ProxiedConnection(this, client, upstream).run(threads);
            }
        } catch (IOException hungUp) {
            // One of the two is gone, or the server is not there: the client sees the end of the connection.
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        faults.forEach(Fault::release);
        threads.shutdown();
    }

    /** How much may still be passed on. */
    static final class Allowance {
        private final AtomicLong left = new AtomicLong(Long.MAX_VALUE);
        private final AtomicLong passed = new AtomicLong();

        void set(long bytes) {
            passed.set(0);
            left.set(bytes);
        }

        boolean isUsedUp() {
            return left.get() <= 0;
        }

        /** How many of these bytes may be passed on. */
        int take(int size) {
            int allowed = (int) Math.max(0, Math.min(size, left.getAndAdd(-size)));
            passed.addAndGet(allowed);
            return allowed;
        }

        long passed() {
            return passed.get();
        }
    }
}
