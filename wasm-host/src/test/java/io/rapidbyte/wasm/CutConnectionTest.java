// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.anyOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.testing.FaultyProxy;
import io.rapidbyte.testing.FaultyProxy.Direction;
import io.rapidbyte.testing.FaultyProxy.Ending;
import io.rapidbyte.testing.OwnThread;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections that end where they should not: what reads them fails in a way that is worth a retry, and never reads something else. */
@Timeout(120)
class CutConnectionTest {
    private static final int ROWS = 3_000;

    private static TestSchema schema(PostgresServer server) {
        TestSchema schema = server.newSchema();
        schema.execute("create table items as select n as id, repeat('x', 40) as text from generate_series(1, " + ROWS
                + ") n");
        return schema;
    }

    private static Map<String, Object> config(TestSchema schema, int port, String sslmode) {
        Map<String, Object> config = new HashMap<>(schema.config());
        config.put("port", port);
        config.put("sslmode", sslmode);
        config.put("application_name", schema.name());
        return config;
    }

    /** Plans and reads on one connection; the rows that the host was given. */
    private static long read(Map<String, Object> config) {
        try (SourceConnector source = PostgresSource.open(config)) {
            StreamPlan plan = source.plan(StreamSpec.of("items"));
            Probes.Reader reader = new Probes.Reader();
            long rows = source.read(plan, 0, plan.units(), reader).rows();
            assertThat(reader.frames.stream().mapToLong(Frame::rows).sum(), is(rows));
            return rows;
        }
    }

    @ParameterizedTest
    @CsvSource({"disable, 149", "prefer, 997", "require, 499"})
    void aCutAnywhereIsWorthARetry(String sslmode, int step) throws IOException {
        PostgresServer server = PostgresServer.encrypted();
        try (TestSchema schema = schema(server);
                FaultyProxy proxy = new FaultyProxy(server)) {
            Map<String, Object> config = config(schema, proxy.port(), sslmode);
            assertThat(read(config), is((long) ROWS));
            long all = proxy.passed(Direction.ANSWERS);
            assertThat(all, is(greaterThan(100_000L)));
            // Closer to each other where the conversation is: login and settings, catalogue, and the beginning of the
            // rows.
            long[] positions = LongStream.concat(
                            LongStream.iterate(0, at -> at < 6_000, at -> at + step),
                            LongStream.iterate(6_000, at -> at < all - 1_000, at -> at + all / 7))
                    .toArray();
            for (long position : positions) {
                proxy.cutAfter(Direction.ANSWERS, position, Ending.ORDERLY);
                ConnectorException failure = assertThrows(
                        ConnectorException.class, () -> read(config), "cut after " + position + " bytes of " + all);
                String what =
                        "cut after " + position + " of " + all + ": " + failure.getMessage() + " " + failure.error();
                assertThat(what, failure.error().category(), is(Category.TRANSIENT_NETWORK));
                assertThat(what, failure.error().retryable(), is(true));
            }
        }
    }

    @Test
    void aSessionThatTheServerEndsIsWorthARetry() throws Exception {
        try (TestSchema schema = schema(PostgresServer.shared())) {
            schema.execute("create view slow as select pg_sleep(600)::text as slept");
            Map<String, Object> config = config(schema, PostgresServer.shared().port(), "disable");
            try (SourceConnector source = PostgresSource.open(config)) {
                StreamPlan plan = source.plan(StreamSpec.of("slow"));
                CompletableFuture<Void> reading =
                        CompletableFuture.runAsync(() -> source.read(plan, 0, 1, new Probes.Reader()), OwnThread.EACH);
                awaitBackends(schema, 1, " and state = 'active' and query like 'COPY%'");
                terminate(schema);
                ConnectorException failure = (ConnectorException)
                        assertThrows(ExecutionException.class, reading::get).getCause();
                assertThat(failure.error().code(), is("57P01"));
                assertThat(failure.error().category(), is(Category.TRANSIENT_DB));
                assertThat(failure.error().retryable(), is(true));
            }
        }
    }

    @Test
    void aSessionThatTheServerEndsBetweenRowsIsWorthARetry() {
        try (TestSchema schema = schema(PostgresServer.shared())) {
            // More than lies in the buffers on the way.
            schema.execute(
                    "create table large as select n, repeat(md5(n::text), 30) as text from generate_series(1, 40000) n");
            Map<String, Object> config = config(schema, PostgresServer.shared().port(), "disable");
            try (SourceConnector source = PostgresSource.open(config)) {
                StreamPlan plan = source.plan(StreamSpec.of("large"));
                ConnectorException failure = assertThrows(
                        ConnectorException.class,
                        () -> source.read(plan, 0, plan.units(), new ReadCallbacks() {
                            private boolean terminated;

                            @Override
                            public boolean claim(long unit) {
                                return true;
                            }

                            @Override
                            public void emit(Frame frame) {
                                if (!terminated) {
                                    terminated = true;
                                    terminate(schema);
                                }
                            }
                        }));
                assertThat(
                        failure.error().category(), anyOf(is(Category.TRANSIENT_DB), is(Category.TRANSIENT_NETWORK)));
                assertThat(failure.getMessage(), failure.error().retryable(), is(true));
            }
        }
    }

    private static void terminate(TestSchema schema) {
        schema.value("select pg_terminate_backend(pid) from pg_stat_activity where application_name = '" + schema.name()
                + "'");
    }

    /** Servers before 14 never look, in the midst of a query, whether somebody waits for its rows. */
    @ParameterizedTest
    @EnumSource
    void aQueryThatSendsNothingEndsWithItsReader(ServerVersion version) throws Exception {
        try (TestSchema schema = version.newSchema()) {
            schema.execute("create view slow as select pg_sleep(600)::text as slept");
            Map<String, Object> config = new HashMap<>(schema.config());
            config.put("application_name", schema.name());
            try (SourceConnector source = PostgresSource.open(config)) {
                StreamPlan plan = source.plan(StreamSpec.of("slow"));
                CompletableFuture<Void> reading =
                        CompletableFuture.runAsync(() -> source.read(plan, 0, 1, new Probes.Reader()), OwnThread.EACH);
                awaitBackends(schema, 1, " and state = 'active' and query like 'COPY%'");
                source.cancel();
                ConnectorException failure = (ConnectorException)
                        assertThrows(ExecutionException.class, reading::get).getCause();
                assertThat(failure.error().category(), is(Category.CANCELLED));
                awaitBackends(schema, 0, "");
            }
        }
    }

    @Test
    void aReaderThatWaitsForALockLeavesNothingBehindWhenItIsCancelled() throws Exception {
        try (TestSchema schema = schema(PostgresServer.shared());
                var locker = PostgresServer.shared().connect();
                var statement = locker.createStatement()) {
            Map<String, Object> config = config(schema, PostgresServer.shared().port(), "disable");
            try (SourceConnector source = PostgresSource.open(config)) {
                StreamPlan plan = source.plan(StreamSpec.of("items"));
                locker.setAutoCommit(false);
                statement.execute("lock table " + schema.quoted() + ".items in access exclusive mode");
                CompletableFuture<Void> reading = CompletableFuture.runAsync(
                        () -> source.read(plan, 0, plan.units(), new Probes.Reader()), OwnThread.EACH);
                awaitBackends(schema, 1, " and wait_event_type = 'Lock'");
                source.cancel();
                ConnectorException failure = (ConnectorException)
                        assertThrows(ExecutionException.class, reading::get).getCause();
                assertThat(failure.error().category(), is(Category.CANCELLED));
                // Before the lock is given back: nothing waits for it any more.
                awaitBackends(schema, 0, "");
            }
        }
    }

    @Test
    void whoKeepsASnapshotLeavesNothingBehindWhenItIsCancelled() {
        try (TestSchema schema = schema(PostgresServer.shared())) {
            Map<String, Object> config = config(schema, PostgresServer.shared().port(), "disable");
            try (SourceConnector source = PostgresSource.open(config)) {
                assertThat(source.snapshot().isPresent(), is(true));
                awaitBackends(schema, 1, " and state = 'idle in transaction'");
                source.cancel();
                awaitBackends(schema, 0, "");
            }
        }
    }

    /** Asks until it is so; the test's time limit ends it. */
    private static void awaitBackends(TestSchema schema, int count, String condition) {
        String backends =
                "select count(*) from pg_stat_activity where application_name = '" + schema.name() + "'" + condition;
        while (!schema.value(backends).equals(String.valueOf(count))) {
            Thread.onSpinWait();
        }
    }

    @ParameterizedTest
    @CsvSource({"disable", "prefer", "require"})
    void aServerThatTakesTheConnectionAndStaysSilentIsGivenUp(String sslmode) throws IOException {
        try (TestSchema schema = schema(PostgresServer.shared());
                ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            ConnectorException failure = timeout(config(schema, silent.getLocalPort(), sslmode));
            assertThat(failure.getMessage(), containsString("it took the connection and was not ready within 1 s"));
            assertThat(failure.error().hint(), containsString("connect_timeout_seconds"));
        }
    }

    @ParameterizedTest
    @CsvSource({"prefer", "require"})
    void aServerThatStaysSilentWhenTlsBeginsIsGivenUp(String sslmode) throws Exception {
        try (TestSchema schema = schema(PostgresServer.shared());
                ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Socket> promising = CompletableFuture.supplyAsync(
                    () -> {
                        try {
                            Socket socket = server.accept();
                            socket.getInputStream().readNBytes(8);
                            socket.getOutputStream().write('S');
                            return socket;
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    },
                    OwnThread.EACH);
            ConnectorException failure = timeout(config(schema, server.getLocalPort(), sslmode));
            assertThat(failure.getMessage(), containsString("it took the connection and was not ready within 1 s"));
            promising.get().close();
        }
    }

    @Test
    void anAddressThatNeverAnswersIsGivenUp() throws IOException {
        List<SocketChannel> waiting = new ArrayList<>();
        try (TestSchema schema = schema(PostgresServer.shared());
                ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            // Nobody takes these: once the queue is full, the system leaves those that follow without an answer.
            for (int i = 0; i < 8; i++) {
                SocketChannel channel = SocketChannel.open();
                channel.configureBlocking(false);
                channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), full.getLocalPort()));
                waiting.add(channel);
            }
            ConnectorException failure = timeout(config(schema, full.getLocalPort(), "prefer"));
            assertThat(failure.getMessage(), containsString("could not be made within 1000 ms"));
        } finally {
            for (SocketChannel channel : waiting) {
                channel.close();
            }
        }
    }

    private static ConnectorException timeout(Map<String, Object> config) {
        config.put("connect_timeout_seconds", 1);
        try (SourceConnector source = PostgresSource.open(config)) {
            long start = System.nanoTime();
            ConnectorException failure = Failures.of(
                    Category.TRANSIENT_NETWORK, "connect_timeout", () -> source.plan(StreamSpec.of("items")));
            // Far from the ten seconds of the default, though the machine may be busy.
            assertThat(System.nanoTime() - start, is(lessThan(8_000_000_000L)));
            assertThat(failure.error().retryable(), is(true));
            return failure;
        }
    }

    @Test
    void aConnectionIsKeptAlive() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                SocketChannel channel = SocketChannel.open(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort()))) {
            new TcpConnection("localhost", server.getLocalPort(), channel).open(1_000);
            assertThat(channel.getOption(java.net.StandardSocketOptions.SO_KEEPALIVE), is(true));
            var idle = jdk.net.ExtendedSocketOptions.TCP_KEEPIDLE;
            if (channel.supportedOptions().contains(idle)) {
                assertThat(channel.getOption(idle), is(60));
            }
        }
    }
}
