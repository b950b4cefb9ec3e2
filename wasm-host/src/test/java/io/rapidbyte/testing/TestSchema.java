// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.testing;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One schema of the shared server that belongs to one test; closing it drops it. */
public final class TestSchema implements AutoCloseable {
    private final PostgresServer server;
    private final String name;

    TestSchema(PostgresServer server, String name) {
        this.server = server;
        this.name = name;
        execute("CREATE SCHEMA " + quoted());
    }

    /** The name as the catalog has it. */
    public String name() {
        return name;
    }

    /** The name as SQL wants it. */
    public String quoted() {
        return quote(name);
    }

    /** Quotes one identifier. */
    public static String quote(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }

    /** The connector configuration that reaches this schema as {@link PostgresServer#USER}. */
    public Map<String, Object> config() {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("host", server.host());
        config.put("port", server.port());
        config.put("user", PostgresServer.USER);
        config.put("password", PostgresServer.PASSWORD);
        config.put("database", server.database());
        config.put("schema", name);
        return config;
    }

    /** The same for another role. */
    public Map<String, Object> config(String user, String password) {
        Map<String, Object> config = config();
        config.put("user", user);
        config.put("password", password);
        return config;
    }

    /** Runs statements in one session whose search path is this schema. */
    public void execute(String... statements) {
        execute(server::connect, statements);
    }

    /** The same by the superuser, who can make roles; they belong to no schema, and who makes them drops them. */
    public void executeAsSuperuser(String... statements) {
        execute(server::connectAsSuperuser, statements);
    }

    private interface Connector {
        Connection connect() throws SQLException;
    }

    private void execute(Connector connector, String... statements) {
        try (Connection connection = connector.connect();
                var statement = connection.createStatement()) {
            statement.execute("SET search_path = " + quoted());
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e.getMessage() + "\nin: " + String.join(";\n", statements), e);
        }
    }

    /** The rows of a query as text, columns joined by {@code |}, with this schema as the search path. */
    public List<String> query(String sql) {
        try (Connection connection = server.connect();
                var statement = connection.createStatement()) {
            statement.execute("SET search_path = " + quoted());
            List<String> rows = new ArrayList<>();
            try (var result = statement.executeQuery(sql)) {
                int columns = result.getMetaData().getColumnCount();
                while (result.next()) {
                    List<String> row = new ArrayList<>();
                    for (int column = 1; column <= columns; column++) {
                        row.add(result.getString(column));
                    }
                    rows.add(String.join("|", row.stream().map(String::valueOf).toList()));
                }
            }
            return rows;
        } catch (SQLException e) {
            throw new IllegalStateException(e.getMessage() + "\nin: " + sql, e);
        }
    }

    /** The single value of a query, as text. */
    public String value(String sql) {
        return query(sql).get(0);
    }

    /** The names of the tables and views in this schema, sorted; without the ledger that the destination keeps beside its targets. */
    public List<String> relations() {
        return query("SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = '"
                + name.replace("'", "''")
                + "' AND relkind IN ('r', 'p', 'v', 'm', 'f') AND relname <> '_rapidbyte_ledger' ORDER BY 1");
    }

    @Override
    public void close() {
        execute("DROP SCHEMA IF EXISTS " + quoted() + " CASCADE");
    }
}
