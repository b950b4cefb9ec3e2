// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.peers;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;

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

    @Override
    public String toString() {
        return source() + " to " + target() + " on " + host + ":" + port + "/" + database;
    }
}
