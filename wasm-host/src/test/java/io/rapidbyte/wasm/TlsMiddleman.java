// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import io.rapidbyte.testing.TestCertificates;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * Stands between a client and a Postgres server: ends the client's TLS with a certificate that the client trusts, and talks to the server in
 * TLS of its own, so that it reads and could change everything.
 */
final class TlsMiddleman implements AutoCloseable {
    private static final byte[] SSL_REQUEST = {0, 0, 0, 8, 4, (byte) 0xD2, 0x16, 0x2F};

    /** Not the JVM's common ones, of which there are few, and all of these wait. */
    private final ExecutorService threads = Executors.newCachedThreadPool();

    private final ServerSocket listener = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    private final SSLContext context;
    private final int serverPort;

    TlsMiddleman(int serverPort) throws IOException, GeneralSecurityException {
        this.serverPort = serverPort;
        TestCertificates certificates = TestCertificates.shared();
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        var store = certificates.keys(TestCertificates.MIDDLEMAN);
        // The store also holds the authority, whose certificate would do as well for a server.
        store.deleteEntry(TestCertificates.AUTHORITY);
        keys.init(store, certificates.password());
        context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), new TrustManager[] {new Anybody()}, new SecureRandom());
        threads.execute(this::acceptAll);
    }

    int port() {
        return listener.getLocalPort();
    }

    private void acceptAll() {
        try {
            while (true) {
                Socket client = listener.accept();
                threads.execute(() -> relay(client));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private void relay(Socket plainClient) {
        try (Socket plainServer = new Socket(InetAddress.getLoopbackAddress(), serverPort)) {
            plainClient.getInputStream().readNBytes(SSL_REQUEST.length);
            plainClient.getOutputStream().write('S');
            SSLSocket client =
                    (SSLSocket) context.getSocketFactory().createSocket(plainClient, null, plainClient.getPort(), true);
            client.setUseClientMode(false);
            client.startHandshake();
            plainServer.getOutputStream().write(SSL_REQUEST);
            new DataInputStream(plainServer.getInputStream()).readFully(new byte[1]);
            SSLSocket server =
                    (SSLSocket) context.getSocketFactory().createSocket(plainServer, "localhost", serverPort, true);
            server.startHandshake();
            CompletableFuture<Void> there = CompletableFuture.runAsync(() -> copy(client, server), threads);
            copy(server, client);
            there.join();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Until one of them has nothing more to say. */
    private static void copy(Socket from, Socket to) {
        try (InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            in.transferTo(out);
        } catch (IOException hungUp) {
            // The other direction ends, too.
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        threads.shutdown();
    }

    private static final class Anybody implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {
            // Clients show none.
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {
            // It knows where it connects to.
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
