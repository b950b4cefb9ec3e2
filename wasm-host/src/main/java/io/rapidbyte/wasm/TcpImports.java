// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static io.rapidbyte.wasm.HostFunctions.type;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.PortUnreachableException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** {@code tcp_*}: a guest's way to the network. The host resolves, checks, connects and encrypts; the guest moves bytes. */
final class TcpImports {
    private static final int DEFAULT_CONNECT_MILLIS = 10_000;
    private static final int MAX_CONNECT_MILLIS = 120_000;
    private static final int MAX_HOST_BYTES = 1_024;
    private static final int MAX_TLS_REQUEST_BYTES = 1 << 20;
    private static final Set<LifecycleCall> CONNECTING =
            EnumSet.complementOf(EnumSet.of(LifecycleCall.INITIALIZE, LifecycleCall.OPEN));

    private final GuestMemory memory;
    private final CallGuard guard;
    private final NetworkPolicy policy;
    private final TcpConnections connections;
    private final HostFunctions functions;
    private final int ioTimeoutMillis;
    private final int bufferBytes;

    private TcpImports(
            HostFunctions functions,
            GuestMemory memory,
            CallGuard guard,
            NetworkPolicy policy,
            TcpConnections connections,
            HostSettings settings) {
        this.functions = functions;
        this.memory = memory;
        this.guard = guard;
        this.policy = policy;
        this.connections = connections;
        this.ioTimeoutMillis = (int)
                Math.min(Integer.MAX_VALUE, Math.max(1, settings.ioTimeout().toMillis()));
        this.bufferBytes = settings.tcpBufferBytes();
    }

    static void addTo(
            HostFunctions functions,
            GuestMemory memory,
            CallGuard guard,
            NetworkPolicy policy,
            TcpConnections connections,
            HostSettings settings) {
        TcpImports tcp = new TcpImports(functions, memory, guard, policy, connections, settings);
        Set<LifecycleCall> always = HostFunctions.ALWAYS;
        HostFunctions.Reach far = HostFunctions.Reach.FAR;
        functions.add("tcp_connect", type("iiii", "i"), CONNECTING, HostFunctions.Progress.POSITIVE, far, tcp::connect);
        functions.add("tcp_start_tls", type("iii", "i"), always, HostFunctions.Progress.SUCCESS, far, tcp::startTls);
        functions.add(
                "tcp_channel_binding",
                type("iii", "i"),
                always,
                HostFunctions.Progress.NEVER,
                far,
                tcp::channelBinding);
        functions.add("tcp_on_cancel", type("iii", "i"), always, HostFunctions.Progress.NEVER, tcp::onCancel);
        functions.add("tcp_read", type("iii", "i"), always, HostFunctions.Progress.POSITIVE, tcp::read);
        functions.add("tcp_write", type("iii", "i"), always, HostFunctions.Progress.POSITIVE, tcp::write);
        functions.add("tcp_set_timeout", type("ii", "i"), always, HostFunctions.Progress.NEVER, tcp::setTimeout);
        functions.add("tcp_close", type("i", "i"), always, HostFunctions.Progress.NEVER, far, tcp::close);
    }

    private long connect(long[] arguments) throws ImportFailure {
        requireNotCancelled();
        long nameLength = arguments[1] & 0xFFFF_FFFFL;
        int port = (int) arguments[2];
        if (nameLength > MAX_HOST_BYTES) {
            throw ImportFailure.badArgument("A host name has at most " + MAX_HOST_BYTES + " bytes");
        }
        String host = HostPattern.normalize(memory.readText(arguments[0], nameLength));
        if (host == null) {
            throw ImportFailure.badArgument("The text given to tcp_connect is not a host name");
        }
        if (port < 1 || port > 65_535) {
            throw ImportFailure.badArgument(port + " is not a port");
        }
        if (connections.count() >= TcpConnections.MAX_OPEN) {
            throw ImportFailure.failed(ConnectorError.of(
                    Category.INTERNAL,
                    "too_many_connections",
                    "The connector has " + TcpConnections.MAX_OPEN + " connections open, which is the most"));
        }
        policy.requireName(host, port);
        int asked = (int) arguments[3];
        int timeout = asked <= 0 ? DEFAULT_CONNECT_MILLIS : Math.min(asked, MAX_CONNECT_MILLIS);
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeout);
        List<InetAddress> addresses = policy.permitted(host, port, resolve(host, port, timeout));
        TcpConnection connection = connectToAny(host, port, addresses, deadline, timeout);
        return connections.add(connection);
    }

    private InetAddress[] resolve(String host, int port, int timeoutMillis) throws ImportFailure {
        InetAddress literal = AddressRange.literal(host);
        if (literal != null) {
            return new InetAddress[] {literal};
        }
        CompletableFuture<InetAddress[]> resolution = NameResolver.start(host);
        connections.resolving(resolution);
        try {
            requireNotCancelled();
            return NameResolver.await(resolution, timeoutMillis);
        } catch (ExecutionException e) {
            throw ImportFailure.failed(ConnectorError.of(
                            Category.TRANSIENT_NETWORK, "unknown_host", "The host name " + host + " cannot be resolved")
                    .asRetryable()
                    .withHint("Check the name in the connector's configuration, and the name server."));
        } catch (TimeoutException e) {
            throw connectTimeout(host, port, timeoutMillis);
        } catch (CancellationException e) {
            throw ImportFailure.cancelled();
        } catch (InterruptedException e) {
            guard.noteInterrupt();
            throw ImportFailure.cancelled();
        } finally {
            connections.resolving(null);
        }
    }

    private TcpConnection connectToAny(
            String host, int port, List<InetAddress> addresses, long deadline, int timeoutMillis) throws ImportFailure {
        ImportFailure last = null;
        for (InetAddress address : addresses) {
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left <= 0) {
                throw connectTimeout(host, port, timeoutMillis);
            }
            try {
                return connectTo(host, port, address, (int) left, timeoutMillis);
            } catch (ImportFailure e) {
                if (e.status() == ImportFailure.CANCELLED) {
                    throw e;
                }
                last = e;
            }
        }
        throw last == null ? connectTimeout(host, port, timeoutMillis) : last;
    }

    private TcpConnection connectTo(String host, int port, InetAddress address, int leftMillis, int timeoutMillis)
            throws ImportFailure {
        TcpConnection connection = null;
        boolean connected = false;
        try {
            connection = new TcpConnection(host, port, SocketChannel.open());
            connections.connecting(connection);
            requireNotCancelled();
            connection.channel().socket().connect(new InetSocketAddress(address, port), leftMillis);
            connection.open(ioTimeoutMillis);
            connected = true;
            return connection;
        } catch (SocketTimeoutException e) {
            throw connectTimeout(host, port, timeoutMillis);
        } catch (ConnectException | NoRouteToHostException | PortUnreachableException e) {
            throw ImportFailure.failed(ConnectorError.of(
                            Category.TRANSIENT_NETWORK,
                            "connection_refused",
                            "The connection to " + NetworkPolicy.endpoint(host, port) + " was refused")
                    .asRetryable()
                    .withHint("Check that the server runs and listens there, and that no firewall is in between."));
        } catch (IOException e) {
            throw failure(connection, host, port, e, "connect_failed", "The connection to %s failed");
        } finally {
            connections.connecting(null);
            if (!connected && connection != null) {
                connection.abort();
            }
        }
    }

    private long startTls(long[] arguments) throws ImportFailure {
        requireNotCancelled();
        TcpConnection connection = connections.get((int) arguments[0]);
        if ((arguments[2] & 0xFFFF_FFFFL) > MAX_TLS_REQUEST_BYTES) {
            throw ImportFailure.badArgument("tcp_start_tls takes at most " + MAX_TLS_REQUEST_BYTES + " bytes");
        }
        JsonNode request = Payloads.object("tcp_start_tls", memory.read(arguments[1], arguments[2]));
        if (connection.isTls()) {
            throw ImportFailure.wrongState("The connection uses TLS already");
        }
        TlsRequest tls = TlsRequest.of(request, connection.host);
        try {
            if (connection.hasUnreadBytes()) {
                // Bytes that came before the handshake are not protected: somebody in between may have sent them.
                throw ImportFailure.failed(ConnectorError.of(
                        Category.INTERNAL,
                        "tls_unread_bytes",
                        "The server " + NetworkPolicy.endpoint(connection.host, connection.port)
                                + " sent something before TLS was established, which was not read"));
            }
            connection.upgrade(tls.handshake(connection));
            return 0;
        } catch (SocketTimeoutException e) {
            throw silence(connection);
        } catch (IOException e) {
            ConnectorError error = tls.explain(connection, e);
            if (error != null && !connection.isAborted()) {
                throw ImportFailure.failed(error);
            }
            throw failure(
                    connection, connection.host, connection.port, e, "tls_failed", "The TLS handshake with %s failed");
        }
    }

    /** Writes it when it fits, as {@code last_error} does. */
    private long channelBinding(long[] arguments) throws ImportFailure {
        TcpConnection connection = connections.get((int) arguments[0]);
        long capacity = arguments[2] & 0xFFFF_FFFFL;
        memory.requireRange(arguments[1], capacity);
        if (!connection.isTls()) {
            throw ImportFailure.wrongState("The connection does not use TLS, so there is nothing to bind to");
        }
        byte[] binding = connection.channelBinding();
        if (binding.length > 0 && binding.length <= capacity) {
            memory.write(arguments[1], binding, 0, binding.length);
        }
        return binding.length;
    }

    private long onCancel(long[] arguments) throws ImportFailure {
        TcpConnection connection = connections.get((int) arguments[0]);
        long length = arguments[2] & 0xFFFF_FFFFL;
        if (length > LastWords.MAX_BYTES) {
            throw ImportFailure.badArgument("tcp_on_cancel takes at most " + LastWords.MAX_BYTES + " bytes");
        }
        connection.onAbort(memory.read(arguments[1], length));
        requireNotCancelled();
        return 0;
    }

    private long read(long[] arguments) throws ImportFailure {
        TcpConnection connection = connections.get((int) arguments[0]);
        long length = arguments[2] & 0xFFFF_FFFFL;
        memory.requireRange(arguments[1], length);
        requireNotCancelled();
        if (length == 0) {
            return 0;
        }
        int count;
        try {
            count = memory.readFrom(connection.input(), arguments[1], (int) Math.min(length, bufferBytes));
        } catch (SocketTimeoutException e) {
            throw silence(connection);
        } catch (IOException e) {
            throw failure(
                    connection,
                    connection.host,
                    connection.port,
                    e,
                    "connection_reset",
                    "The connection to %s was lost while reading");
        }
        if (count <= 0) {
            return 0;
        }
        functions.countBytes("tcp_read", count);
        return count;
    }

    private long write(long[] arguments) throws ImportFailure {
        TcpConnection connection = connections.get((int) arguments[0]);
        long length = arguments[2] & 0xFFFF_FFFFL;
        memory.requireRange(arguments[1], length);
        if (length > Integer.MAX_VALUE) {
            throw ImportFailure.badArgument("tcp_write takes at most " + Integer.MAX_VALUE + " bytes");
        }
        requireNotCancelled();
        Future<?> expiry = Watchdog.schedule(connection::expireWrite, TimeUnit.MILLISECONDS.toNanos(ioTimeoutMillis));
        try {
            for (long done = 0; done < length; done += bufferBytes) {
                memory.writeTo(connection.output(), arguments[1] + done, (int) Math.min(bufferBytes, length - done));
            }
        } catch (IOException e) {
            if (connection.isWriteExpired()) {
                throw ImportFailure.failed(ConnectorError.of(
                                Category.TRANSIENT_NETWORK,
                                "write_timeout",
                                "The server " + NetworkPolicy.endpoint(connection.host, connection.port)
                                        + " took nothing for longer than the timeout")
                        .asRetryable());
            }
            throw failure(
                    connection,
                    connection.host,
                    connection.port,
                    e,
                    "connection_reset",
                    "The connection to %s was lost while writing");
        } finally {
            expiry.cancel(false);
        }
        functions.countBytes("tcp_write", length);
        return length;
    }

    private long setTimeout(long[] arguments) throws ImportFailure {
        TcpConnection connection = connections.get((int) arguments[0]);
        int millis = (int) arguments[1];
        if (millis < 0) {
            throw ImportFailure.badArgument(millis + " is not a timeout");
        }
        try {
            connection.setReadTimeout(millis);
        } catch (IOException e) {
            throw failure(
                    connection,
                    connection.host,
                    connection.port,
                    e,
                    "connection_reset",
                    "The connection to %s was lost");
        }
        return 0;
    }

    private long close(long[] arguments) {
        TcpConnection connection = connections.remove((int) arguments[0]);
        if (connection != null) {
            connection.close();
        }
        return 0;
    }

    private void requireNotCancelled() throws ImportFailure {
        if (guard.isCancelled()) {
            throw ImportFailure.cancelled();
        }
    }

    /** What an I/O exception means: somebody ended the connection on purpose, or the network failed. */
    private ImportFailure failure(
            TcpConnection connection, String host, int port, IOException e, String code, String message) {
        if (e instanceof ClosedByInterruptException) {
            // Closing cleared nothing: take the flag, the guard sets it again when the guest has returned.
            Thread.interrupted();
            guard.noteInterrupt();
            return ImportFailure.cancelled();
        }
        if (guard.isCancelled()) {
            return ImportFailure.cancelled();
        }
        ConnectorError refused = TlsRequest.refusedCertificate(host, port, e);
        if (refused != null) {
            return ImportFailure.failed(refused);
        }
        boolean closed = e instanceof ClosedChannelException || (connection != null && connection.isAborted());
        String why = closed || e.getMessage() == null ? "" : ": " + e.getMessage();
        return ImportFailure.failed(ConnectorError.of(
                        Category.TRANSIENT_NETWORK,
                        code,
                        String.format(message, NetworkPolicy.endpoint(host, port)) + why)
                .asRetryable());
    }

    private static ImportFailure silence(TcpConnection connection) {
        return ImportFailure.failed(ConnectorError.of(
                        Category.TRANSIENT_NETWORK,
                        "read_timeout",
                        "The server " + NetworkPolicy.endpoint(connection.host, connection.port)
                                + " sent nothing for longer than the read timeout")
                .asRetryable());
    }

    private static ImportFailure connectTimeout(String host, int port, int timeoutMillis) {
        return ImportFailure.failed(ConnectorError.of(
                        Category.TRANSIENT_NETWORK,
                        "connect_timeout",
                        "The connection to " + NetworkPolicy.endpoint(host, port) + " could not be made within "
                                + timeoutMillis + " ms")
                .asRetryable()
                .withHint("Check host and port, and that no firewall is in between."));
    }
}
