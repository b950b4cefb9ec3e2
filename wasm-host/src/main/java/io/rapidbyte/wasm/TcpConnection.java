// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSocket;
import jdk.net.ExtendedSocketOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of a guest. The channel is closed, never the socket above it, when another thread ends a connection: that wakes
 * whoever waits in it, where closing a TLS socket would wait for a lock.
 */
final class TcpConnection {
    /**
     * In seconds: a peer that is gone without a word is noticed after two minutes, where systems would take two hours to ask. Waiting for
     * a long query, a connection is as quiet as one whose peer is gone.
     */
    private static final Map<SocketOption<Integer>, Integer> KEEP_ALIVE = Map.of(
            ExtendedSocketOptions.TCP_KEEPIDLE, 60,
            ExtendedSocketOptions.TCP_KEEPINTERVAL, 10,
            ExtendedSocketOptions.TCP_KEEPCOUNT, 6);

    private static final byte[] NOTHING = new byte[0];
    private static final Logger LOG = LoggerFactory.getLogger(TcpConnection.class);

    final String host;
    final int port;
    private final SocketChannel channel;
    private Socket socket;
    private InputStream input;
    private OutputStream output;
    private volatile boolean aborted;
    private volatile byte[] lastWords = NOTHING;
    private volatile boolean writeExpired;

    TcpConnection(String host, int port, SocketChannel channel) {
        this.host = host;
        this.port = port;
        this.channel = channel;
    }

    SocketChannel channel() {
        return channel;
    }

    /** To be called once the channel is connected. */
    void open(int readTimeoutMillis) throws IOException {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        KEEP_ALIVE.forEach(this::setIfSupported);
        use(channel.socket(), readTimeoutMillis);
    }

    /** Not every system lets a program choose. */
    private void setIfSupported(SocketOption<Integer> option, int value) {
        if (channel.supportedOptions().contains(option)) {
            try {
                channel.setOption(option, value);
            } catch (IOException e) {
                LOG.debug("The system does not take {} = {}; its own value holds.", option.name(), value, e);
            }
        }
    }

    Socket socket() {
        return socket;
    }

    /** From now on the guest's bytes go through TLS. */
    void upgrade(SSLSocket tls) throws IOException {
        use(tls, socket.getSoTimeout());
    }

    private void use(Socket newSocket, int readTimeoutMillis) throws IOException {
        newSocket.setSoTimeout(readTimeoutMillis);
        socket = newSocket;
        input = newSocket.getInputStream();
        output = newSocket.getOutputStream();
    }

    boolean isTls() {
        return socket instanceof SSLSocket;
    }

    /** What an authentication can be bound to; empty when the server's certificate has nothing of the kind. Only with TLS. */
    byte[] channelBinding() {
        try {
            Certificate[] shown = ((SSLSocket) socket).getSession().getPeerCertificates();
            return ServerEndPoint.bindingOf((X509Certificate) shown[0]);
        } catch (SSLPeerUnverifiedException e) {
            // Without a certificate, which no kind of verification rules out.
            return new byte[0];
        }
    }

    /** Whether bytes have arrived that nobody read. */
    boolean hasUnreadBytes() throws IOException {
        return input.available() > 0;
    }

    void setReadTimeout(int millis) throws IOException {
        socket.setSoTimeout(millis);
    }

    InputStream input() {
        return input;
    }

    OutputStream output() {
        return output;
    }

    /** What the server is told, on a connection of its own, when this one is aborted; empty: nothing. */
    synchronized void onAbort(byte[] words) {
        // What is aborted has had its last words.
        if (!aborted) {
            lastWords = words;
        }
    }

    /** Ends the connection from any thread; whoever waits in it gets an exception. */
    void abort() {
        byte[] words;
        synchronized (this) {
            aborted = true;
            words = lastWords;
            lastWords = NOTHING;
        }
        SocketAddress server = words.length == 0 ? null : channel.socket().getRemoteSocketAddress();
        closeChannel();
        if (server != null) {
            LastWords.send(server, words);
        }
    }

    void expireWrite() {
        writeExpired = true;
        closeChannel();
    }

    boolean isAborted() {
        return aborted;
    }

    boolean isWriteExpired() {
        return writeExpired;
    }

    /** Ends the connection from the guest's own thread, with TLS's farewell where there is one. */
    void close() {
        // A peer that does not take the farewell must not hold the guest, whether it is waited for or written.
        Future<?> expiry = Watchdog.schedule(this::abort, TimeUnit.SECONDS.toNanos(1));
        try {
            if (isTls()) {
                socket.setSoTimeout(1_000);
                socket.close();
            }
        } catch (IOException e) {
            LOG.debug("Closing the connection to {}:{} failed; it is dropped.", host, port, e);
        } finally {
            expiry.cancel(false);
        }
        closeChannel();
    }

    private void closeChannel() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("Closing the connection to {}:{} failed; it is dropped.", host, port, e);
        }
    }
}
