// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import io.rapidbyte.testing.PostgresServer;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;

/** A database of the shared server for the state of one test: a store has a schema of its own, of which a database has one. */
public final class StateDatabase implements AutoCloseable {
    private static final AtomicInteger DATABASES = new AtomicInteger();

    private final String name;

    private StateDatabase(String name) {
        this.name = name;
    }

    /** Creates an empty one, which closing drops. */
    public static StateDatabase create() {
        String name = "state_" + DATABASES.incrementAndGet();
        executeOnServer("CREATE DATABASE " + name + " OWNER " + PostgresServer.USER);
        return new StateDatabase(name);
    }

    /** The URL of a user and a password. */
    public String url(String user, String password) {
        PostgresServer server = PostgresServer.shared();
        return "postgres://%s:%s@%s:%d/%s"
                .formatted(
                        user,
                        URLEncoder.encode(password, StandardCharsets.UTF_8).replace("+", "%20"),
                        server.host(),
                        server.port(),
                        name);
    }

    /** Where the state is, for its owner. */
    public StateLocation location() {
        return new StateLocation(StateLocation.Backend.POSTGRES, url(PostgresServer.USER, PostgresServer.PASSWORD));
    }

    /** Its name. */
    public String name() {
        return name;
    }

    /** Runs statements as the superuser. */
    public void execute(String... statements) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A connection of the superuser. */
    public Connection connect() throws SQLException {
        PostgresServer server = PostgresServer.shared();
        return DriverManager.getConnection(
                "jdbc:postgresql://" + server.host() + ":" + server.port() + "/" + name,
                PostgresServer.SUPERUSER,
                PostgresServer.SUPERUSER_PASSWORD);
    }

    @Override
    public void close() {
        executeOnServer("DROP DATABASE " + name + " WITH (FORCE)");
    }

    private static void executeOnServer(String sql) {
        try (Connection connection = PostgresServer.shared().connectAsSuperuser();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
