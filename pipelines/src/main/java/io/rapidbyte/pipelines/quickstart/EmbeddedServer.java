// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.quickstart;

import io.rapidbyte.pipelines.run.ExitHooks;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Comparator;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Postgres server of one process: on a free port of the local machine, with a database, a role and a password of its
 * own, and gone with its data when it is closed or the process ends, however it ends.
 */
public final class EmbeddedServer implements AutoCloseable {
    /** The role that the connectors log in with. */
    public static final String USER = "rapidbyte";

    /** The database that holds the sample. */
    public static final String DATABASE = "shop";

    /**
     * Settings of a server whose data nobody will miss: it does not wait for the disk, keeps no log for replicas, and leaves
     * vacuum to the sample's own ANALYZE, so that a run is not disturbed in the middle.
     */
    static final Map<String, String> SETTINGS = Map.of(
            "fsync", "off",
            "synchronous_commit", "off",
            "full_page_writes", "off",
            "wal_level", "minimal",
            "max_wal_senders", "0",
            "max_wal_size", "4GB",
            "shared_buffers", "256MB",
            "autovacuum", "off",
            "jit", "off");

    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedServer.class);
    private static final String SUPERUSER = "postgres";

    private final Path folder;
    private final EmbeddedPostgres postgres;
    private final String password;
    private final ExitHooks.Registration atExit = ExitHooks.register(this::stop);
    private final AtomicBoolean stopped = new AtomicBoolean();

    private EmbeddedServer(Path folder, EmbeddedPostgres postgres, String password) {
        this.folder = folder;
        this.postgres = postgres;
        this.password = password;
    }

    /**
     * Starts a server; this takes a few seconds.
     *
     * @throws IOException when the server does not start, for example because the platform has no binaries here
     */
    public static EmbeddedServer start() throws IOException {
        return start(Map.of());
    }

    /**
     * Starts a server with more settings, which go before its own; this takes a few seconds.
     *
     * @param settings what {@code postgresql.conf} would hold, by name
     * @throws IOException when the server does not start, for example because it refuses a setting
     */
    public static EmbeddedServer start(Map<String, String> settings) throws IOException {
        Map<String, String> all = new TreeMap<>(SETTINGS);
        all.putAll(settings);
        Path folder = Files.createTempDirectory("rapidbyte-quickstart-");
        try (ExitHooks.Registration whileStarting = ExitHooks.register(() -> delete(folder))) {
            LOG.debug("the server's files are in {} until it stops ({})", folder, whileStarting);
            String password = newPassword();
            EmbeddedServer server = new EmbeddedServer(folder, startPostgres(folder, password, all), password);
            server.createDatabase();
            return server;
        } catch (IOException | SQLException | IllegalStateException e) {
            delete(folder);
            throw new IOException(
                    "The embedded Postgres server did not start: " + e.getMessage()
                            + ". Free disk space and memory are what it usually lacks; -v shows its own words.",
                    e);
        }
    }

    private static EmbeddedPostgres startPostgres(Path folder, String password, Map<String, String> settings)
            throws IOException {
        Path passwordFile = Files.createFile(
                folder.resolve("password"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(passwordFile, password);
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setDataDirectory(folder.resolve("data"))
                .setCleanDataDirectory(true)
                .setRegisterShutdownHook(false)
                // These become options of initdb: the C locale is the same on every machine, and the superuser has a
                // password from the first moment on.
                .setLocaleConfig("locale", "C")
                .setLocaleConfig("pwfile", passwordFile.toString())
                .setDataDirectoryCustomizer(EmbeddedServer::requirePasswords)
                .setConnectConfig("password", password)
                .setOutputRedirector(ProcessBuilder.Redirect.DISCARD)
                .setErrorRedirector(ProcessBuilder.Redirect.DISCARD);
        settings.forEach(builder::setServerConfig);
        EmbeddedPostgres postgres = builder.start();
        Files.delete(passwordFile);
        return postgres;
    }

    private static void requirePasswords(File dataFolder) {
        try {
            Files.writeString(dataFolder.toPath().resolve("pg_hba.conf"), "host all all 127.0.0.1/32 scram-sha-256\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void createDatabase() throws SQLException {
        try (Connection connection = connect("postgres", SUPERUSER);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE ROLE " + USER + " LOGIN PASSWORD '" + password + "'");
            statement.execute("CREATE DATABASE " + DATABASE + " OWNER " + USER);
            statement.execute("GRANT pg_checkpoint TO " + USER);
        }
    }

    /** Returns the host name to connect to. */
    public String host() {
        return "127.0.0.1";
    }

    /** Returns the port to connect to. */
    public int port() {
        return postgres.getPort();
    }

    /** Returns the password of {@link #USER}, made for this server. */
    public String password() {
        return password;
    }

    /** Opens a connection of {@link #USER} to {@link #DATABASE}; the caller closes it. */
    public Connection connect() throws SQLException {
        return connect(DATABASE, USER);
    }

    private Connection connect(String database, String user) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        properties.setProperty("ApplicationName", "rapidbyte quickstart");
        return DriverManager.getConnection("jdbc:postgresql://" + host() + ":" + port() + "/" + database, properties);
    }

    @Override
    public void close() {
        stop();
        atExit.close();
    }

    private void stop() {
        if (!stopped.compareAndSet(false, true)) {
            return;
        }
        try {
            postgres.close();
        } catch (IOException | RuntimeException e) {
            LOG.warn("The embedded Postgres server did not stop cleanly.", e);
        }
        delete(folder);
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException | UncheckedIOException e) {
            LOG.warn("The temporary folder {} could not be removed completely.", folder, e);
        }
    }

    private static String newPassword() {
        return new BigInteger(120, new SecureRandom()).toString(36);
    }
}
