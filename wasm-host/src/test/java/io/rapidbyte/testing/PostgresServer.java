// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.testing;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Postgres servers that the tests of one JVM share. {@link #shared()} is for all but what is special: a container when a Docker engine
 * answers, otherwise the embedded server. Every login needs its password by SCRAM-SHA-256, except those of {@link #MD5_USER},
 * {@link #PASSWORD_USER} and {@link #TRUSTED_USER}.
 */
public final class PostgresServer {
    /** An ordinary role that may create schemas; its password is stored for SCRAM-SHA-256. */
    public static final String USER = "loader";

    /** As {@link #USER}, but authenticated by MD5. */
    public static final String MD5_USER = "loader_md5";

    /** As {@link #USER}, but let in without a password. */
    public static final String TRUSTED_USER = "loader_trusted";

    /** As {@link #USER}, but asked for the password in clear text. */
    public static final String PASSWORD_USER = "loader_password";

    /** As {@link #USER}; {@link #encrypted()} lets it in with its certificate only, without a password. */
    public static final String CERTIFICATE_USER = "loader_certificate";

    /** As {@link #USER}; {@link #encrypted()} lets it in on connections without TLS only. */
    public static final String PLAIN_USER = "loader_plain";

    /** The password of all that have one: awkward on purpose. */
    public static final String PASSWORD = "s3cret \"quoted\" 'påss' $1";

    static final String DATABASE = "warehouse";
    public static final String SUPERUSER = "postgres";
    public static final String SUPERUSER_PASSWORD = "postgres";

    static final Map<String, String> SETTINGS = Map.of(
            "wal_level", "logical",
            "fsync", "off",
            "synchronous_commit", "off",
            "full_page_writes", "off",
            "max_connections", "200",
            "shared_buffers", "256MB",
            "max_wal_size", "2GB",
            "autovacuum", "off",
            // Which is not the default of the oldest servers.
            "password_encryption", "scram-sha-256");

    private static final String AUTHENTICATION = """
            # Roles that the native tests of the connectors make; a pattern for servers from 16 on.
            host all "/^rb[ _]" all trust
            local all all trust
            host all %s all md5
            host all %s all password
            host all %s all trust
            host all all all scram-sha-256
            """.formatted(MD5_USER, PASSWORD_USER, TRUSTED_USER);

    /** Rules that come before the others. */
    private static final String ENCRYPTED_AUTHENTICATION = """
            hostssl all %1$s all cert
            host all %1$s all reject
            hostnossl all %2$s all scram-sha-256
            host all %2$s all reject
            """.formatted(CERTIFICATE_USER, PLAIN_USER);

    private static final Logger LOG = LoggerFactory.getLogger(PostgresServer.class);
    private static final AtomicInteger SCHEMAS = new AtomicInteger();

    private final String host;
    private final int port;

    private PostgresServer(String host, int port) {
        this.host = host;
        this.port = port;
    }

    /** The server of this JVM, started at the first call and stopped with the JVM. */
    public static PostgresServer shared() {
        return Holder.SERVER;
    }

    /**
     * A server with TLS, whose certificate is {@link TestCertificates#SERVER}; started at the first call. It listens at {@code ::1}, too, where
     * there is one.
     */
    public static PostgresServer encrypted() {
        return EncryptedHolder.SERVER;
    }

    /** A server of the oldest version that the connectors work with; started at the first call. */
    public static PostgresServer oldest() {
        return OldestHolder.SERVER;
    }

    /** The host name to connect to. */
    public String host() {
        return host;
    }

    /** The TCP port to connect to. */
    public int port() {
        return port;
    }

    /** The database in which all test schemas live. */
    public String database() {
        return DATABASE;
    }

    /** Creates an empty schema with a name of its own, owned by {@link #USER}; closing it drops it and all it holds. */
    public TestSchema newSchema() {
        return newSchema("test_" + SCHEMAS.incrementAndGet());
    }

    /** As {@link #newSchema()}, with a given name, for tests about names. */
    public TestSchema newSchema(String name) {
        return new TestSchema(this, name);
    }

    /** A connection of {@link #USER}; the caller closes it. */
    public Connection connect() throws SQLException {
        return connect(DATABASE, USER, PASSWORD);
    }

    /** A connection of the superuser to the test database; the caller closes it. */
    public Connection connectAsSuperuser() throws SQLException {
        return connect(DATABASE, SUPERUSER, SUPERUSER_PASSWORD);
    }

    private Connection connect(String database, String user, String password) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        properties.setProperty("ApplicationName", "test");
        return DriverManager.getConnection("jdbc:postgresql://" + host + ":" + port + "/" + database, properties);
    }

    private static PostgresServer start() {
        try {
            return ContainerPostgres.isAvailable()
                    ? ContainerPostgres.start()
                    : startEmbedded(builder -> {}, AUTHENTICATION);
        } catch (IOException | SQLException e) {
            throw new IllegalStateException("no Postgres server could be started for the tests", e);
        }
    }

    private static PostgresServer startEncrypted() {
        try {
            Path folder = Files.createTempDirectory("rapidbyte-server-certificates");
            TestCertificates certificates = TestCertificates.shared();
            Path certificate =
                    write(folder, "server.crt", certificates.certificate(TestCertificates.SERVER), "rw-r--r--");
            Path key = write(folder, "server.key", certificates.key(TestCertificates.SERVER), "rw-------");
            Path authority =
                    write(folder, "root.crt", certificates.certificate(TestCertificates.AUTHORITY), "rw-r--r--");
            return startEmbedded(
                    builder -> builder.setServerConfig("ssl", "on")
                            .setServerConfig("ssl_cert_file", certificate.toString())
                            .setServerConfig("ssl_key_file", key.toString())
                            .setServerConfig("ssl_ca_file", authority.toString())
                            .setServerConfig("listen_addresses", "127.0.0.1,::1"),
                    ENCRYPTED_AUTHENTICATION + AUTHENTICATION);
        } catch (IOException | SQLException e) {
            throw new IllegalStateException("no Postgres server with TLS could be started for the tests", e);
        }
    }

    /** The server takes a key that only its owner can read. */
    private static Path write(Path folder, String name, String text, String permissions) throws IOException {
        Path file = Files.writeString(folder.resolve(name), text);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
    }

    private static PostgresServer startOldest() {
        try {
            return startEmbedded(builder -> builder.setPgBinaryResolver(OldestPostgres::binaries), AUTHENTICATION);
        } catch (IOException | SQLException e) {
            throw new IllegalStateException("the oldest Postgres server could not be started for the tests", e);
        }
    }

    private static PostgresServer startEmbedded(Consumer<EmbeddedPostgres.Builder> more, String rules)
            throws IOException, SQLException {
        var builder = EmbeddedPostgres.builder();
        SETTINGS.forEach(builder::setServerConfig);
        more.accept(builder);
        var embedded = builder.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                embedded.close();
            } catch (IOException e) {
                LOG.warn("the embedded Postgres did not stop cleanly", e);
            }
        }));
        var server = new PostgresServer("127.0.0.1", embedded.getPort());
        server.prepare(rules, (path, text) -> {
            try {
                Files.writeString(Path.of(path), text, StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        return server;
    }

    static PostgresServer startedAt(String host, int port, HostBasedAuthentication authentication) throws SQLException {
        var server = new PostgresServer(host, port);
        server.prepare(AUTHENTICATION, authentication);
        return server;
    }

    /** Writes the text of {@code pg_hba.conf} to where the server keeps it. */
    interface HostBasedAuthentication {
        void write(String path, String text);
    }

    private void prepare(String rules, HostBasedAuthentication authentication) throws SQLException {
        try (Connection connection = connect("postgres", SUPERUSER, SUPERUSER_PASSWORD);
                var statement = connection.createStatement()) {
            statement.execute("ALTER ROLE " + SUPERUSER + " PASSWORD '" + SUPERUSER_PASSWORD + "'");
            String password = PASSWORD.replace("'", "''");
            statement.execute("CREATE ROLE " + USER + " LOGIN PASSWORD '" + password + "'");
            statement.execute("CREATE ROLE " + TRUSTED_USER + " LOGIN IN ROLE " + USER);
            statement.execute("CREATE ROLE " + CERTIFICATE_USER + " LOGIN IN ROLE " + USER);
            for (String user : List.of(PASSWORD_USER, PLAIN_USER)) {
                statement.execute("CREATE ROLE " + user + " LOGIN IN ROLE " + USER + " PASSWORD '" + password + "'");
            }
            statement.execute("SET password_encryption = 'md5'");
            statement.execute("CREATE ROLE " + MD5_USER + " LOGIN IN ROLE " + USER + " PASSWORD '" + password + "'");
            statement.execute("CREATE DATABASE " + DATABASE + " OWNER " + USER
                    + " TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'");
            try (var path = statement.executeQuery("SHOW hba_file")) {
                path.next();
                authentication.write(path.getString(1), rules);
            }
            statement.execute("SELECT pg_reload_conf()");
        }
        awaitPasswords();
    }

    /** The reload is asynchronous: the server is ready once it turns a wrong password away. */
    private void awaitPasswords() throws SQLException {
        for (int attempt = 0; attempt < 10_000; attempt++) {
            try (Connection letIn = connect(DATABASE, USER, "wrong")) {
                LOG.debug(
                        "{} still lets wrong passwords in", letIn.getMetaData().getURL());
            } catch (SQLException turnedAway) {
                if ("28P01".equals(turnedAway.getSQLState())) {
                    return;
                }
                throw turnedAway;
            }
        }
        throw new IllegalStateException("the server still lets wrong passwords in after its reload");
    }

    private static final class Holder {
        static final PostgresServer SERVER = start();
    }

    private static final class EncryptedHolder {
        static final PostgresServer SERVER = startEncrypted();
    }

    private static final class OldestHolder {
        static final PostgresServer SERVER = startOldest();
    }
}
