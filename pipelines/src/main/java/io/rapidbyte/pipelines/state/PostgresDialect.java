// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.Set;

/** A store in a schema of a Postgres database, which several machines share. All names are qualified: the search path may be anything. */
final class PostgresDialect implements Dialect {
    /** Where the tables are. */
    private static final String SCHEMA = "rapidbyte";

    /** The advisory lock under which the tables are created and changed: the letters of {@code rbstate}. */
    private static final long MIGRATION = 0x0072_6273_7461_7465L;

    /** Deadlock and serialization failure; the server ended the session. */
    private static final Set<String> PASSING = Set.of("40P01", "40001", "25P03", "57P01", "57P02", "57P05");

    private final PostgresConnection connection;

    PostgresDialect(PostgresConnection connection) {
        this.connection = connection;
    }

    @Override
    public String name() {
        return "the state database " + connection.place();
    }

    @Override
    public boolean exists() {
        try (Connection session = connection.connect()) {
            return hasTables(session);
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    @Override
    public Connection open() throws SQLException {
        Connection session = connection.connect();
        try {
            // Who gives up an answer that does not come leaves a transaction, and another would wait for its row locks:
            // the server gives it up before.
            new Statements(this, session)
                    .query(
                            "SELECT pg_catalog.set_config('idle_in_transaction_session_timeout', ?, false) AS set",
                            row -> null,
                            connection.idleTimeout().toMillis() + "ms");
            Migrations.apply(this, session);
        } catch (SQLException | RuntimeException e) {
            session.close();
            throw e;
        }
        return session;
    }

    @Override
    public boolean hasTables(Connection session) throws SQLException {
        return is(session, "pg_catalog.to_regclass(?) IS NOT NULL", table("migrations"));
    }

    @Override
    public void beginMigration(Connection session) throws SQLException {
        new Statements(this, session)
                .query("SELECT 1 FROM pg_catalog.pg_advisory_xact_lock(?)", row -> null, MIGRATION);
        // Who may not create schemas can be given one, and IF NOT EXISTS would ask for the right even then.
        if (!is(session, "EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = ?)", SCHEMA)) {
            new Statements(this, session).update("CREATE SCHEMA " + SCHEMA);
        }
    }

    private boolean is(Connection session, String condition, Object value) throws SQLException {
        return new Statements(this, session)
                        .query(
                                "SELECT CASE WHEN " + condition + " THEN 1 ELSE 0 END AS holds",
                                row -> row.number("holds"),
                                value)
                        .get(0)
                == 1;
    }

    @Override
    public String table(String name) {
        return SCHEMA + "." + name;
    }

    @Override
    public String sequenceType() {
        return "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
    }

    @Override
    public String timestampType() {
        return "TIMESTAMP WITH TIME ZONE";
    }

    @Override
    public Object timestamp(Instant instant) {
        // Which the server would round, to a time that has not come yet.
        return OffsetDateTime.ofInstant(instant.truncatedTo(ChronoUnit.MICROS), ZoneOffset.UTC);
    }

    @Override
    public Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }

    @Override
    public String rowLock() {
        return " FOR UPDATE";
    }

    @Override
    public boolean isTransient(SQLException failure) {
        String state = String.valueOf(failure.getSQLState());
        return state.startsWith("08") || PASSING.contains(state);
    }

    @Override
    public StateException failure(SQLException failure) {
        String state = String.valueOf(failure.getSQLState());
        String reason = reason(failure);
        String whose = "user " + connection.user();
        return switch (state) {
            case "28P01", "28000", "08004" ->
                new StateException(
                        "Login to " + name() + " was refused for " + whose + " (" + reason
                                + "). Put the right user and password into state.connection.",
                        false,
                        failure);
            case "3D000" ->
                new StateException(
                        "There is no state database " + connection.place()
                                + ". Create it, or name another one in state.connection.",
                        true,
                        failure);
            case "42501" ->
                new StateException(
                        "Not all that is needed of " + name() + " is permitted to " + whose + " (" + reason
                                + "). Have an administrator run: CREATE SCHEMA IF NOT EXISTS " + SCHEMA
                                + " AUTHORIZATION "
                                + quoted(connection.user()) + ".",
                        false,
                        failure);
            case "25006" ->
                new StateException(
                        "No one can write to " + name() + " (" + reason
                                + "). Name the primary server in state.connection, not a standby.",
                        true,
                        failure);
            case "53300", "57P03" ->
                new StateUnavailableException(
                        "The server of " + name() + " takes no connection at the moment (" + reason
                                + "). Try again later.",
                        failure);
            default -> unexpected(failure, state, reason);
        };
    }

    private StateException unexpected(SQLException failure, String state, String reason) {
        if (state.startsWith("08")) {
            return new StateUnavailableException(
                    "The server of " + name() + " does not answer (" + reason
                            + "). Start it, or correct host and port in state.connection.",
                    failure);
        }
        String sentence = "A statement failed in " + name() + " (" + reason + ", SQLSTATE " + state
                + "). See what the server has logged.";
        return isTransient(failure)
                ? new StateUnavailableException(sentence, failure)
                : new StateException(sentence, false, failure);
    }

    private String reason(SQLException failure) {
        String message = String.valueOf(failure.getMessage())
                .strip()
                .replaceAll("\\s*\\R\\s*", " ")
                .replaceAll("\\.$", "");
        String password = connection.properties().getProperty("password", "");
        return password.isEmpty() ? message : message.replace(password, "***");
    }

    static String quoted(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }

    @Override
    public Optional<PipelineLock> tryLock(String pipeline) {
        try {
            return PostgresPipelineLock.tryLock(this, connection, PipelineKey.of(pipeline));
        } catch (SQLException e) {
            throw failure(e);
        }
    }
}
