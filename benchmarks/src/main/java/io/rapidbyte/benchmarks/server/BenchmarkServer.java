// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.server;

import io.rapidbyte.benchmarks.contender.TableCopy;
import io.rapidbyte.benchmarks.scenario.TableProfile;
import io.rapidbyte.pipelines.quickstart.CopyVerifier;
import io.rapidbyte.pipelines.quickstart.EmbeddedServer;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.annotation.Nullable;

/**
 * An embedded Postgres with the table to copy, tuned the same for every contender: it waits for no disk, holds the tables in memory, and
 * does nothing by itself while it is measured (no checkpoint, no vacuum, no JIT compiler).
 */
public final class BenchmarkServer implements AutoCloseable {
    /** What of the server's settings is not its own default. */
    public static final Map<String, String> SETTINGS = Map.ofEntries(
            Map.entry("fsync", "off"),
            Map.entry("synchronous_commit", "off"),
            Map.entry("full_page_writes", "off"),
            Map.entry("wal_level", "minimal"),
            Map.entry("max_wal_senders", "0"),
            Map.entry("max_wal_size", "32GB"),
            Map.entry("checkpoint_timeout", "1d"),
            Map.entry("shared_buffers", "2GB"),
            Map.entry("autovacuum", "off"),
            Map.entry("jit", "off"));

    private static final String SOURCE = "source";
    private static final String TARGET = "target";

    private final EmbeddedServer server;
    private CopyVerifier.Fingerprint source;
    private long tableBytes;

    private BenchmarkServer(EmbeddedServer server) {
        this.server = server;
    }

    /**
     * Starts a server.
     *
     * @param keys what it encrypts connections with; null for a server that cannot
     * @throws IOException when it does not start
     */
    public static BenchmarkServer start(@Nullable ServerKeys keys) throws IOException {
        Map<String, String> settings = new TreeMap<>(SETTINGS);
        if (keys != null) {
            settings.put("ssl", "on");
            settings.put("ssl_cert_file", keys.certificate().toString());
            settings.put("ssl_key_file", keys.key().toString());
        }
        return new BenchmarkServer(EmbeddedServer.start(settings));
    }

    /** Creates and fills the table, in place of any that was there. */
    public void createSource(TableProfile profile, long rows) throws SQLException {
        createSource(profile.statements(rows));
    }

    /** The same with statements of one's own that create {@link TableProfile#table()} and fill it. */
    public void createSource(List<String> statements) throws SQLException {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("DROP SCHEMA IF EXISTS " + TARGET + " CASCADE");
            statement.execute("DROP SCHEMA IF EXISTS " + SOURCE + " CASCADE");
            statement.execute("CREATE SCHEMA " + SOURCE);
            statement.execute("SET search_path = " + SOURCE);
            statement.execute("SET timezone = 'UTC'");
            connection.setAutoCommit(false);
            for (String sql : statements) {
                statement.execute(sql);
            }
            connection.commit();
            connection.setAutoCommit(true);
            // Also sets the hint bits and the visibility map, which the first reader would otherwise pay for.
            statement.execute("VACUUM (ANALYZE) " + TableProfile.table());
            source = new CopyVerifier(connection).fingerprint(SOURCE, TableProfile.table());
            try (ResultSet size =
                    statement.executeQuery("SELECT pg_table_size('" + SOURCE + "." + TableProfile.table() + "')")) {
                size.next();
                tableBytes = size.getLong(1);
            }
        }
    }

    /** Bytes of the source table on disk, with its out-of-line values, without indexes. */
    public long tableBytes() {
        return tableBytes;
    }

    /** Makes an empty target without a key. */
    public void freshTarget() throws SQLException {
        freshTarget("plain");
    }

    /**
     * Makes a target and has the server write down what it has, so that it does not do so in the middle of a copy.
     *
     * @param kind what it is, as {@link io.rapidbyte.benchmarks.scenario.Setting#TARGET} has it
     */
    public void freshTarget(String kind) throws SQLException {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("DROP SCHEMA IF EXISTS " + TARGET + " CASCADE");
            statement.execute("CREATE SCHEMA " + TARGET);
            statement.execute("CREATE TABLE " + TARGET + "." + TableProfile.table() + " (LIKE " + SOURCE + "."
                    + TableProfile.table() + " INCLUDING STORAGE)");
            if (!kind.equals("plain")) {
                statement.execute("ALTER TABLE " + TARGET + "." + TableProfile.table() + " ADD PRIMARY KEY ("
                        + TableProfile.KEY + ")");
            }
            if (kind.equals("filled")) {
                statement.execute("INSERT INTO " + TARGET + "." + TableProfile.table() + " SELECT * FROM " + SOURCE
                        + "." + TableProfile.table());
                statement.execute("VACUUM ANALYZE " + TARGET + "." + TableProfile.table());
            }
            statement.execute("CHECKPOINT");
        }
    }

    /** Compares the target with the source. */
    public CopyVerifier.Verdict verify() throws SQLException {
        try (Connection connection = server.connect()) {
            return new CopyVerifier(connection).compare(source, TARGET, TableProfile.table());
        }
    }

    /** The copy to make, over an address of the server or of something in front of it. */
    public TableCopy copy(String host, int port) {
        return new TableCopy(
                host,
                port,
                EmbeddedServer.DATABASE,
                EmbeddedServer.USER,
                server.password(),
                SOURCE,
                TARGET,
                TableProfile.table());
    }

    /** Returns the host name to connect to. */
    public String host() {
        return server.host();
    }

    /** Returns the port to connect to. */
    public int port() {
        return server.port();
    }

    /** The server's version, for example {@code 18.6}. */
    public String version() throws SQLException {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SHOW server_version")) {
            result.next();
            return result.getString(1);
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
