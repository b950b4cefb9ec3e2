// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestCertificates;
import io.rapidbyte.testing.TestSchema;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The five values of {@code sslmode}, certificates to log in with, and addresses: the connector against servers with and without TLS. */
@Timeout(60)
class EncryptedConnectionTest {
    private static final TestCertificates CERTIFICATES = TestCertificates.shared();
    private static final String ENCRYPTED = "encrypted";
    private static final String PLAIN = "plain";

    private static TestSchema withTls;
    private static TestSchema withoutTls;

    @BeforeAll
    static void createTables() {
        withTls = PostgresServer.encrypted().newSchema();
        withoutTls = PostgresServer.shared().newSchema();
        for (TestSchema schema : List.of(withTls, withoutTls)) {
            schema.execute("create table orders as select 1 as id");
        }
    }

    @AfterAll
    static void dropTables() {
        withTls.close();
        withoutTls.close();
    }

    private static Map<String, Object> config(Map<String, Object> changes) {
        Map<String, Object> config = new HashMap<>(withTls.config());
        config.put("host", "localhost");
        config.put("application_name", withTls.name());
        config.putAll(changes);
        return config;
    }

    /** Plans a stream, and asks the server how the connection that did it is protected. */
    private static String connectionOf(TestSchema schema, Map<String, Object> config) {
        try (SourceConnector source = PostgresSource.open(config)) {
            source.plan(StreamSpec.of("orders"));
            boolean encrypted = isEncrypted(schema);
            return encrypted ? ENCRYPTED : PLAIN;
        } catch (ConnectorException failure) {
            return failure.error().code();
        }
    }

    /** What the server says of the connections of an application, which bear the schema's name; of all users, which only the superuser sees. */
    private static boolean isEncrypted(TestSchema schema) {
        PostgresServer server = schema == withTls ? PostgresServer.encrypted() : PostgresServer.shared();
        try (Connection connection = server.connectAsSuperuser();
                var statement = connection.createStatement();
                var result =
                        statement.executeQuery("select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid)"
                                + " where application_name = '" + schema.name() + "'")) {
            result.next();
            return result.getBoolean(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @CsvSource({
        // The server's name and authority are the right ones.
        "disable,     localhost, authority, plain",
        "prefer,      localhost, authority, encrypted",
        "require,     localhost, authority, encrypted",
        "verify-ca,   localhost, authority, encrypted",
        "verify-full, localhost, authority, encrypted",
        // Another authority. As in libpq, naming one makes require as strict as verify-ca.
        "disable,     localhost, stranger,  plain",
        "prefer,      localhost, stranger,  encrypted",
        "require,     localhost, stranger,  tls_untrusted",
        "verify-ca,   localhost, stranger,  tls_untrusted",
        "verify-full, localhost, stranger,  tls_untrusted",
        // No authority but those of the JVM.
        "prefer,      localhost, ,          encrypted",
        "require,     localhost, ,          encrypted",
        "verify-ca,   localhost, ,          tls_untrusted",
        "verify-full, localhost, ,          tls_untrusted",
        // A name that the certificate is not for.
        "prefer,      127.0.0.1, authority, encrypted",
        "require,     127.0.0.1, authority, encrypted",
        "verify-ca,   127.0.0.1, authority, encrypted",
        "verify-full, 127.0.0.1, authority, tls_untrusted",
    })
    void eachModeVerifiesWhatItPromises(String sslmode, String host, String authority, String outcome) {
        Map<String, Object> config = config(Map.of("sslmode", sslmode, "host", host));
        if (authority != null) {
            config.put("sslrootcert", CERTIFICATES.certificate(authority));
        }
        assertThat(connectionOf(withTls, config), is(outcome));
    }

    @ParameterizedTest
    @CsvSource({
        "disable, plain",
        "prefer, plain",
        "require, tls_refused",
        "verify-ca, tls_refused",
        "verify-full, tls_refused",
    })
    void withoutTlsOnlyModesThatDoNotNeedItConnect(String sslmode, String outcome) {
        Map<String, Object> config = withoutTls.config();
        config.put("sslmode", sslmode);
        config.put("application_name", withoutTls.name());
        assertThat(connectionOf(withoutTls, config), is(outcome));
    }

    @Test
    void errorsSayWhatToDo() {
        ConnectorException untrusted = failure(Category.AUTH, "tls_untrusted", Map.of("sslmode", "verify-full"));
        assertThat(untrusted.getMessage(), containsString("The certificate of localhost:"));
        assertThat(untrusted.error().hint(), containsString("Give the certificate of its authority"));
        assertThat(untrusted.error().retryable(), is(false));

        Map<String, Object> config = withoutTls.config();
        config.put("sslmode", "require");
        ConnectorException refused = failure(Category.CONFIG, "tls_refused", config);
        assertThat(refused.getMessage(), containsString("does not offer encryption, which 'sslmode' asks for"));
        assertThat(refused.error().hint(), containsString("switch TLS on at the server"));
    }

    private static ConnectorException failure(Category category, String code, Map<String, Object> changes) {
        try (SourceConnector source = PostgresSource.open(config(changes))) {
            return Failures.of(category, code, () -> source.plan(StreamSpec.of("orders")));
        }
    }

    private static Map<String, Object> withCertificate(String alias) {
        return Map.of(
                "user", PostgresServer.CERTIFICATE_USER,
                "sslmode", "verify-full",
                "sslrootcert", CERTIFICATES.certificate(TestCertificates.AUTHORITY),
                "sslcert", CERTIFICATES.certificate(alias),
                "sslkey", CERTIFICATES.key(alias));
    }

    @Test
    void aClientCertificateLogsIn() {
        assertThat(connectionOf(withTls, config(withCertificate(TestCertificates.CLIENT))), is(ENCRYPTED));
    }

    @Test
    void aMissingClientCertificateIsTold() {
        Map<String, Object> changes = new HashMap<>(withCertificate(TestCertificates.CLIENT));
        changes.put("sslcert", null);
        changes.put("sslkey", null);
        ConnectorException failure = failure(Category.AUTH, "28000", changes);
        assertThat(failure.getMessage(), containsString("certificate"));
        assertThat(failure.error().hint(), containsString("'sslcert'"));
    }

    @Test
    void aClientCertificateOfAnotherUserIsRefused() {
        ConnectorException failure = failure(Category.AUTH, "28000", withCertificate(TestCertificates.MIDDLEMAN));
        assertThat(failure.getMessage(), containsString("certificate authentication failed"));
    }

    @Test
    void aClientCertificateOfAnotherAuthorityIsRefused() {
        ConnectorException failure = failure(Category.AUTH, "28000", withCertificate(TestCertificates.STRANGER));
        assertThat(failure.getMessage(), containsString("requires a valid client certificate"));
        assertThat(failure.getMessage(), not(containsString("PRIVATE KEY")));
        assertThat(failure.error().hint(), containsString("'sslcert'"));
    }

    @Test
    void preferredEncryptionGivesWayToWhatTheServerAllows() {
        Map<String, Object> config = config(Map.of("user", PostgresServer.PLAIN_USER));
        assertThat(connectionOf(withTls, config), is(PLAIN));
        config.put("sslmode", "require");
        assertThat(connectionOf(withTls, config), is("28000"));
        config.put("sslmode", "prefer");
        config.put("password", "wrong");
        assertThat(connectionOf(withTls, config), is("28P01"));
    }

    @Test
    void anIpv6AddressIsAHostLikeAnother() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("::1"))) {
            assumeTrue(socket.isBound());
        } catch (java.net.SocketException e) {
            assumeTrue(false, "this machine has no IPv6");
        }
        Map<String, Object> config = config(Map.of(
                "host",
                "::1",
                "sslmode",
                "verify-full",
                "sslrootcert",
                CERTIFICATES.certificate(TestCertificates.AUTHORITY)));
        assertThat(connectionOf(withTls, config), is(ENCRYPTED));
    }

    @Test
    void aUnixSocketIsRefusedWithWhatToUseInstead() {
        Map<String, Object> config = config(Map.of("host", "/run/postgresql"));
        ConnectorException failure = Failures.of(
                Category.CONFIG,
                "invalid_config",
                () -> PostgresSource.open(config).close());
        assertThat(failure.getMessage(), containsString("names the Unix socket \"/run/postgresql\""));
        assertThat(failure.error().hint(), containsString("localhost"));
    }
}
