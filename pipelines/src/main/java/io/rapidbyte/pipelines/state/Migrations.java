// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;

/** The versions of a store's tables. What is in a version stays as it is once it was released; a change is a further one. */
final class Migrations {
    /** The statements that lead to version 1, 2, …. */
    private static final List<List<String>> VERSIONS = List.of(
            List.of(
                    """
            CREATE TABLE {runs} (
                sequence {!sequence},
                run_id TEXT NOT NULL UNIQUE,
                pipeline TEXT NOT NULL,
                status TEXT NOT NULL,
                runner TEXT,
                started {!timestamp} NOT NULL,
                ended {!timestamp},
                error_code TEXT,
                error_message TEXT)
            """,
                    "CREATE INDEX rapidbyte_runs_of_pipeline ON {runs} (pipeline, sequence)",
                    """
            CREATE TABLE {run_streams} (
                run_id TEXT NOT NULL REFERENCES {runs} (run_id),
                stream TEXT NOT NULL,
                status TEXT NOT NULL,
                write_run_id TEXT,
                fingerprint TEXT,
                write_mode TEXT,
                plan TEXT,
                attempts INTEGER NOT NULL,
                rows_read BIGINT NOT NULL,
                rows_written BIGINT NOT NULL,
                refused BIGINT NOT NULL,
                bytes BIGINT NOT NULL,
                seconds DOUBLE PRECISION NOT NULL,
                error_code TEXT,
                error_message TEXT,
                PRIMARY KEY (run_id, stream))
            """,
                    """
            CREATE TABLE {positions} (
                pipeline TEXT NOT NULL,
                stream TEXT NOT NULL,
                position TEXT NOT NULL,
                cursor_field TEXT,
                cursor_type TEXT,
                cursor_value TEXT,
                run_id TEXT NOT NULL REFERENCES {runs} (run_id),
                updated {!timestamp} NOT NULL,
                PRIMARY KEY (pipeline, stream))
            """,
                    // The run is the one whose batches the record was in, which is not always one of the runs above.
                    """
            CREATE TABLE {dead_letters} (
                sequence {!sequence},
                run_id TEXT NOT NULL,
                stream TEXT NOT NULL,
                identity TEXT NOT NULL,
                category TEXT,
                code TEXT,
                reason TEXT,
                record TEXT,
                stored {!timestamp} NOT NULL,
                UNIQUE (run_id, stream, identity))
            """),
            // Positions of version 1 have none, until the next run that stores one.
            List.of("ALTER TABLE {positions} ADD COLUMN route TEXT"));

    private Migrations() {}

    /** The version that this program works with. */
    static int latest() {
        return VERSIONS.size();
    }

    /**
     * Creates the tables, or brings those of an older version up to date; all of it or nothing.
     *
     * @throws StateException when they are of a newer version
     */
    static void apply(Dialect dialect, Connection connection) throws SQLException {
        if (dialect.hasTables(connection) && version(dialect, connection) == latest()) {
            return;
        }
        connection.setAutoCommit(false);
        try {
            dialect.beginMigration(connection);
            Statements statements = new Statements(dialect, connection);
            if (!dialect.hasTables(connection)) {
                statements.update(
                        "CREATE TABLE {migrations} (version INTEGER PRIMARY KEY, applied {!timestamp} NOT NULL)");
            }
            // Another process may have been here since the look above.
            for (int version = version(dialect, connection); version < latest(); version++) {
                for (String statement : VERSIONS.get(version)) {
                    statements.update(statement);
                }
                statements.update(
                        "INSERT INTO {migrations} (version, applied) VALUES (?, ?)", version + 1, Instant.now());
            }
            connection.commit();
        } catch (SQLException | RuntimeException e) {
            connection.rollback();
            throw e;
        }
        connection.setAutoCommit(true);
    }

    private static int version(Dialect dialect, Connection connection) throws SQLException {
        int version = new Statements(dialect, connection)
                .query("SELECT COALESCE(MAX(version), 0) AS version FROM {migrations}", row -> row.number("version"))
                .get(0)
                .intValue();
        if (version > latest()) {
            throw new StateException(
                    "A newer version of Rapidbyte has written " + dialect.name() + ": its tables are of version "
                            + version
                            + ", and this one knows them up to version " + latest()
                            + ". Use the newer one, or name another store in state.connection.",
                    true,
                    null);
        }
        return version;
    }
}
