// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.contender;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * Which table goes where, on which server.
 *
 * @param host the server's host name
 * @param port its TCP port
 * @param database the database that holds both schemas
 * @param user the role that reads and writes
 * @param password its password
 * @param sourceSchema the schema to read from; a plain lower-case name, as are the other two
 * @param targetSchema the schema to write to
 * @param table the name of the table in both
 */
public record TableCopy(
        String host,
        int port,
        String database,
        String user,
        String password,
        String sourceSchema,
        String targetSchema,
        String table) {

    /** Opens a connection; the caller closes it. */
    public Connection connect() throws SQLException {
        return DriverManager.getConnection(jdbcUrl(), user, password);
    }

    String jdbcUrl() {
        return "jdbc:postgresql://" + host + ":" + port + "/" + database;
    }

    String source() {
        return sourceSchema + "." + table;
    }

    String target() {
        return targetSchema + "." + table;
    }

    /** Queries that together yield every row once, each a run of the table's pages; with one part the table itself. */
    List<String> parts(int count) throws SQLException {
        if (count == 1) {
            return List.of(source());
        }
        long pages;
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(
                        "SELECT pg_relation_size('" + source() + "') / current_setting('block_size')::bigint")) {
            result.next();
            pages = result.getLong(1);
        }
        List<String> parts = new ArrayList<>();
        for (int part = 0; part < count; part++) {
            String upper = part == count - 1 ? "" : " AND ctid < '(" + pages * (part + 1) / count + ",0)'";
            parts.add("(SELECT * FROM " + source() + " WHERE ctid >= '(" + pages * part / count + ",0)'" + upper + ")");
        }
        return parts;
    }

    /** Without the password. */
    @Override
    public String toString() {
        return source() + " to " + target() + " on " + host + ":" + port + "/" + database;
    }
}
