// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.testing.OwnThread;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TLS against a server of this process whose certificate is for {@code localhost} and signed by itself. */
class TlsTest {
    private static final char[] PASSWORD = "changeit".toCharArray();

    @TempDir
    static Path folder;

    private static KeyStore serverKeys;
    private static KeyStore clientKeys;

    @BeforeAll
    static void makeKeys() throws Exception {
        serverKeys = keys("server", "CN=localhost", "san=dns:localhost");
        clientKeys = keys("client", "CN=client", "ku=digitalSignature");
    }

    private static KeyStore keys(String alias, String name, String extension) throws Exception {
        Path file = folder.resolve(alias + ".p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        alias,
                        "-keyalg",
                        "EC",
                        "-dname",
                        name,
                        "-ext",
                        extension,
                        "-validity",
                        "30",
                        "-keystore",
                        file.toString(),
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        new String(PASSWORD))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(alias + ".log").toFile())
                .start();
        assertThat(keytool.waitFor(), is(0));
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD);
        }
        return store;
    }

    private static String pem(String kind, byte[] encoded) {
        return "-----BEGIN " + kind + "-----\n" + Base64.getMimeEncoder().encodeToString(encoded) + "\n-----END " + kind
                + "-----\n";
    }

    private static String certificate(KeyStore store, String alias) throws Exception {
        return pem("CERTIFICATE", store.getCertificate(alias).getEncoded());
    }

    private static SSLServerSocket server(boolean askForCertificate) throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(serverKeys, PASSWORD);
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, PASSWORD);
        Certificate client = clientKeys.getCertificate("client");
        trusted.setCertificateEntry("client", client);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        SSLServerSocket server = (SSLServerSocket)
                context.getServerSocketFactory().createServerSocket(0, 10, InetAddress.getLoopbackAddress());
        server.setNeedClientAuth(askForCertificate);
        return server;
    }

    /** Connects, says ping and returns the answer. */
    private static String exchange(SSLServerSocket server, ObjectNode request) throws Exception {
        CompletableFuture<Void> answering = CompletableFuture.runAsync(
                () -> {
                    try (SSLSocket socket = (SSLSocket) server.accept()) {
                        if (new String(socket.getInputStream().readNBytes(4), StandardCharsets.UTF_8).equals("ping")) {
                            socket.getOutputStream().write("pong".getBytes(StandardCharsets.UTF_8));
                        }
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                },
                OwnThread.EACH);
        TcpConnection connection = new TcpConnection("localhost", server.getLocalPort(), SocketChannel.open());
        try {
            connection
                    .channel()
                    .socket()
                    .connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort()));
            connection.open(5_000);
            TlsRequest tls = TlsRequest.of(request, "localhost");
            try {
                connection.upgrade(tls.handshake(connection));
                connection.output().write("ping".getBytes(StandardCharsets.UTF_8));
                byte[] answer = new byte[16];
                int size = connection.input().read(answer, 0, answer.length);
                answering.join();
                return new String(answer, 0, Math.max(0, size), StandardCharsets.UTF_8);
            } catch (IOException e) {
                ConnectorError error = tls.explain(connection, e);
                throw error == null ? e : new ConnectorException("localhost", error, e);
            }
        } finally {
            connection.close();
        }
    }

    private static ObjectNode request(String verify) {
        return Payloads.object().put("verify", verify).put("server_name", "localhost");
    }

    @Test
    void aServerOfATrustedAuthorityIsTalkedTo() throws Exception {
        try (SSLServerSocket server = server(false)) {
            ObjectNode full = request("full").put("ca_pem", certificate(serverKeys, "server"));
            assertThat(exchange(server, full), is("pong"));
        }
    }

    @Test
    void anUnknownAuthorityIsRefused() throws Exception {
        for (String verify : new String[] {"ca", "full"}) {
            try (SSLServerSocket server = server(false)) {
                ConnectorException failure =
                        assertThrows(ConnectorException.class, () -> exchange(server, request(verify)));
                assertThat(failure.error().category(), is(Category.AUTH));
                assertThat(failure.error().code(), is("tls_untrusted"));
            }
        }
    }

    @Test
    void aNameThatIsNotTheCertificatesIsRefusedByFullAlone() throws Exception {
        String authority = certificate(serverKeys, "server");
        try (SSLServerSocket server = server(false)) {
            ObjectNode full = request("full").put("ca_pem", authority).put("server_name", "db.example.com");
            ConnectorException failure = assertThrows(ConnectorException.class, () -> exchange(server, full));
            assertThat(failure.error().code(), is("tls_untrusted"));
        }
        try (SSLServerSocket server = server(false)) {
            ObjectNode ca = request("ca").put("ca_pem", authority).put("server_name", "db.example.com");
            assertThat(exchange(server, ca), is("pong"));
        }
    }

    @Test
    void noVerificationTakesAnyServer() throws Exception {
        try (SSLServerSocket server = server(false)) {
            assertThat(exchange(server, request("none")), is("pong"));
        }
    }

    @Test
    void aClientCertificateIsShown() throws Exception {
        try (SSLServerSocket server = server(true)) {
            ObjectNode full = request("full")
                    .put("ca_pem", certificate(serverKeys, "server"))
                    .put("client_cert_pem", certificate(clientKeys, "client"))
                    .put(
                            "client_key_pem",
                            pem(
                                    "PRIVATE KEY",
                                    clientKeys.getKey("client", PASSWORD).getEncoded()));
            assertThat(exchange(server, full), is("pong"));
        }
    }

    @Test
    void aServersWordThatACertificateIsNotGoodEnoughIsAboutTheUserNotTheNetwork() {
        for (String alert :
                new String[] {"bad_certificate", "certificate_expired", "certificate_required", "unknown_ca"}) {
            ConnectorError error = TlsRequest.refusedCertificate(
                    "db", 5432, new SSLHandshakeException("Received fatal alert: " + alert));
            assertThat(error.category(), is(Category.AUTH));
            assertThat(error.code(), is("tls_certificate_refused"));
            assertThat(error.message(), containsString("The server db:5432 does not accept the client certificate"));
        }
        assertThat(
                TlsRequest.refusedCertificate(
                        "db", 5432, new SSLHandshakeException("Received fatal alert: internal_error")),
                is(nullValue()));
        assertThat(TlsRequest.refusedCertificate("db", 5432, new IOException("Connection reset")), is(nullValue()));
    }

    @Test
    void certificatesAndKeysThatAreNoneAreNamedWithoutBeingQuoted() throws Exception {
        ObjectNode[] requests = {
            request("ca").put("ca_pem", "nonsense-material"),
            request("ca").put("client_cert_pem", certificate(clientKeys, "client")),
            request("ca")
                    .put("client_cert_pem", certificate(clientKeys, "client"))
                    .put(
                            "client_key_pem",
                            "-----BEGIN RSA PRIVATE KEY-----\nnonsense-material\n-----END RSA PRIVATE KEY-----"),
        };
        for (ObjectNode request : requests) {
            ImportFailure failure = assertThrows(ImportFailure.class, () -> TlsRequest.of(request, "localhost"));
            assertThat(failure.error().category(), is(Category.CONFIG));
            assertThat(failure.error().code(), is("tls_config"));
            assertThat(failure.getMessage().contains("nonsense-material"), is(false));
        }
    }
}
