// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Properties;
import org.postgresql.PGProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An advisory lock of a session of its own, which the server frees when the session ends, however it ends. */
final class PostgresPipelineLock implements PipelineLock {
    private static final Logger LOG = LoggerFactory.getLogger(PostgresPipelineLock.class);

    /**
     * Has the server notice within a minute that the machine at the other end is gone, where it would wait for two hours; and not end the session
     * for doing nothing, which is what it is for. Older servers lack the last one.
     */
    private static final String SETTINGS = """
            SELECT pg_catalog.set_config(s.name, wanted.value, false)
            FROM (VALUES ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3'),
                ('idle_session_timeout', '0')) AS wanted (name, value)
            JOIN pg_catalog.pg_settings s ON s.name = wanted.name
            """;

    /** The two halves of the number, as the server lists them. */
    private static final String HELD = """
            SELECT COUNT(*) AS locks FROM pg_catalog.pg_locks
            WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid() AND granted
            AND classid::bigint = ? AND objid::bigint = ? AND objsubid = 1
            """;

    private final Dialect dialect;
    private final Connection session;
    private final long key;
    private boolean held = true;

    private PostgresPipelineLock(Dialect dialect, Connection session, long key) {
        this.dialect = dialect;
        this.session = session;
        this.key = key;
    }

    static Optional<PipelineLock> tryLock(Dialect dialect, PostgresConnection connection, long key)
            throws SQLException {
        Properties properties = connection.properties();
        properties.setProperty(PGProperty.APPLICATION_NAME.getName(), "rapidbyte lock");
        properties.setProperty(PGProperty.TCP_KEEP_ALIVE.getName(), "true");
        // What is asked on this connection is answered at once, or never.
        properties.setProperty(PGProperty.SOCKET_TIMEOUT.getName(), "15");
        Connection session = connection.connect(properties);
        try {
            Statements statements = new Statements(dialect, session);
            statements.query(SETTINGS, row -> null);
            long locked = statements
                    .query(
                            "SELECT CASE WHEN pg_catalog.pg_try_advisory_lock(?) THEN 1 ELSE 0 END AS locked",
                            row -> row.number("locked"),
                            key)
                    .get(0);
            if (locked == 1) {
                return Optional.of(new PostgresPipelineLock(dialect, session, key));
            }
        } catch (SQLException | RuntimeException e) {
            session.close();
            throw e;
        }
        session.close();
        return Optional.empty();
    }

    @Override
    public synchronized boolean isHeld() {
        if (!held) {
            return false;
        }
        try {
            held = new Statements(dialect, session)
                            .query(HELD, row -> row.number("locks"), key >>> 32, key & 0xffff_ffffL)
                            .get(0)
                    > 0;
        } catch (SQLException e) {
            LOG.info("The lock in {} was lost with its connection.", dialect.name(), e);
            held = false;
        }
        return held;
    }

    @Override
    public synchronized void close() {
        held = false;
        try (session) {
            if (!session.isClosed()) {
                // The server may notice the end of the session a moment later than the next one who asks.
                new Statements(dialect, session)
                        .query("SELECT 1 FROM pg_catalog.pg_advisory_unlock(?)", row -> null, key);
            }
        } catch (SQLException e) {
            LOG.debug("The lock in {} was lost before it was given back.", dialect.name(), e);
        }
    }
}
