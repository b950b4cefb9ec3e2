// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/** What a guest asks of {@code tcp_start_tls}. The keys stay here: a guest hands in PEM and gets a connection. */
final class TlsRequest {
    private static final Pattern PRIVATE_KEY =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
    /** What the JDK makes of an alert of the other side that is about our certificate. */
    private static final Pattern CERTIFICATE_ALERT =
            Pattern.compile("Received fatal alert: (\\w*certificate\\w*|unknown_ca)");

    private static final char[] NO_PASSWORD = new char[0];

    /** How the server's certificate is verified. */
    private enum Verify {
        NONE,
        CA,
        FULL
    }

    private final String serverName;
    private final Verify verify;
    private final SSLContext context;
    private final boolean showsCertificate;

    private TlsRequest(String serverName, Verify verify, SSLContext context, boolean showsCertificate) {
        this.serverName = serverName;
        this.verify = verify;
        this.context = context;
        this.showsCertificate = showsCertificate;
    }

    static TlsRequest of(JsonNode request, String host) throws ImportFailure {
        String serverName = request.path("server_name").asText(host);
        Verify verify;
        try {
            verify = JsonNames.parse(Verify.class, request.path("verify").asText("full"));
        } catch (IllegalArgumentException e) {
            throw ImportFailure.badArgument("verify: " + e.getMessage());
        }
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    keyManagers(text(request, "client_cert_pem"), text(request, "client_key_pem")),
                    trustManagers(verify, text(request, "ca_pem")),
                    null);
            return new TlsRequest(serverName, verify, context, text(request, "client_cert_pem") != null);
        } catch (GeneralSecurityException | IOException e) {
            throw badMaterial("The certificates or keys for TLS cannot be used: " + e.getMessage());
        }
    }

    SSLSocket handshake(TcpConnection connection) throws IOException {
        Socket plain = connection.socket();
        SSLSocket tls = (SSLSocket) context.getSocketFactory().createSocket(plain, serverName, connection.port, true);
        tls.setSoTimeout(plain.getSoTimeout());
        SSLParameters parameters = tls.getSSLParameters();
        if (verify == Verify.FULL) {
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
        }
        if (AddressRange.literal(serverName) == null && serverName.indexOf('.') > 0) {
            parameters.setServerNames(List.of(new SNIHostName(serverName)));
        }
        tls.setSSLParameters(parameters);
        tls.startHandshake();
        return tls;
    }

    /**
     * The record of a server that does not take the client's certificate, or misses one; null for anything else. It may say so in the
     * handshake or, from TLS 1.3 on, in the place of its first answer.
     */
    static ConnectorError refusedCertificate(String host, int port, IOException e) {
        if (!(e instanceof SSLException) || e.getMessage() == null) {
            return null;
        }
        Matcher alert = CERTIFICATE_ALERT.matcher(e.getMessage());
        if (!alert.find()) {
            return null;
        }
        return ConnectorError.of(
                        Category.AUTH,
                        "tls_certificate_refused",
                        "The server " + NetworkPolicy.endpoint(host, port)
                                + " does not accept the client certificate, or the lack of one: " + alert.group(1))
                .withHint("Give a certificate and its key that lead to an authority the server trusts.");
    }

    /** The record of a handshake that TLS itself refused; null when the network failed. */
    ConnectorError explain(TcpConnection connection, IOException e) {
        if (!(e instanceof SSLException)) {
            return null;
        }
        ConnectorError refused = refusedCertificate(connection.host, connection.port, e);
        if (refused != null) {
            return refused;
        }
        String server = NetworkPolicy.endpoint(connection.host, connection.port);
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException) {
                return ConnectorError.of(
                                Category.AUTH,
                                "tls_untrusted",
                                "The certificate of " + server + " is not trusted: " + reason(cause))
                        .withHint("Give the certificate of its authority, or check the host name.");
            }
        }
        ConnectorError failed = ConnectorError.of(
                Category.TRANSIENT_NETWORK, "tls_failed", "The TLS handshake with " + server + " failed: " + reason(e));
        if (isCut(e)) {
            failed = failed.asRetryable();
        }
        // A server that refuses a certificate hangs up, which can overtake the reason that it gives.
        return showsCertificate
                ? failed.withHint("The server may not accept the client certificate: its log says why it hung up.")
                : failed;
    }

    /** Whether the connection ended under the handshake, which says nothing about TLS. */
    private static boolean isCut(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof EOFException || cause instanceof SocketException) {
                return true;
            }
        }
        return false;
    }

    private static String reason(Throwable e) {
        Throwable deepest = e;
        while (deepest.getCause() != null && deepest.getCause() != deepest) {
            deepest = deepest.getCause();
        }
        return deepest.getMessage() == null ? deepest.getClass().getSimpleName() : deepest.getMessage();
    }

    private static String text(JsonNode request, String member) {
        JsonNode value = request.path(member);
        return value.isTextual() && !value.asText().isBlank() ? value.asText() : null;
    }

    private static TrustManager[] trustManagers(Verify verify, String caPem)
            throws GeneralSecurityException, IOException, ImportFailure {
        if (verify == Verify.NONE) {
            return new TrustManager[] {new TrustAnybody()};
        }
        KeyStore store = null;
        if (caPem != null) {
            store = emptyStore();
            int number = 0;
            for (Certificate certificate : certificates("ca_pem", caPem)) {
                store.setCertificateEntry("ca-" + number++, certificate);
            }
        }
        // Without certificates of its own the JVM's trust store holds.
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory.getTrustManagers();
    }

    private static KeyManager[] keyManagers(String certificatePem, String keyPem)
            throws GeneralSecurityException, IOException, ImportFailure {
        if (certificatePem == null && keyPem == null) {
            return new KeyManager[0];
        }
        if (certificatePem == null || keyPem == null) {
            throw badMaterial("A client certificate for TLS needs both client_cert_pem and client_key_pem");
        }
        Certificate[] chain = certificates("client_cert_pem", certificatePem).toArray(new Certificate[0]);
        PrivateKey key = privateKey(keyPem, chain[0].getPublicKey().getAlgorithm());
        KeyStore store = emptyStore();
        store.setKeyEntry("client", key, NO_PASSWORD, chain);
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, NO_PASSWORD);
        return factory.getKeyManagers();
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, NO_PASSWORD);
        return store;
    }

    private static Collection<? extends Certificate> certificates(String member, String pem)
            throws CertificateException, ImportFailure {
        Collection<? extends Certificate> certificates = CertificateFactory.getInstance("X.509")
                .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
        if (certificates.isEmpty()) {
            throw badMaterial(member + " holds no certificate in PEM form");
        }
        return certificates;
    }

    private static PrivateKey privateKey(String pem, String algorithm) throws GeneralSecurityException, ImportFailure {
        Matcher matcher = PRIVATE_KEY.matcher(pem);
        if (!matcher.find()) {
            throw badMaterial("client_key_pem is not an unencrypted PKCS #8 key (BEGIN PRIVATE KEY);"
                    + " \"openssl pkcs8 -topk8 -nocrypt\" makes one");
        }
        byte[] encoded = Base64.getMimeDecoder().decode(matcher.group(1));
        try {
            return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
        } catch (InvalidKeySpecException e) {
            // The original message may quote the key.
            throw badMaterial("client_key_pem does not fit the client certificate, whose key is " + algorithm);
        }
    }

    private static ImportFailure badMaterial(String message) {
        return ImportFailure.failed(ConnectorError.of(Category.CONFIG, "tls_config", message));
    }

    /** For {@code verify: none}: the connection is encrypted, and nobody knows with whom. */
    private static final class TrustAnybody extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {
            // Only servers are asked for certificates here.
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {
            // The guest asked for no verification.
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {
            // Only servers are asked for certificates here.
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {
            // The guest asked for no verification.
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {
            // Only servers are asked for certificates here.
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {
            // The guest asked for no verification.
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
