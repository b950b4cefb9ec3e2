// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pipeline file of the system that this one follows, as it stands, against a server at the address that it names. */
class OriginalFileTest {
    private static final int PORT = 5433;

    @TempDir
    private Path folder;

    @Test
    void itRunsUnchanged() throws IOException, SQLException {
        assumeTrue(isFree(), "something else listens on port " + PORT);
        try (EmbeddedPostgres server = EmbeddedPostgres.builder().setPort(PORT).start()) {
            execute(server.getJdbcUrl("postgres", "postgres"), "create database rapidbyte_test");
            String url = server.getJdbcUrl("postgres", "rapidbyte_test");
            execute(
                    url,
                    "create table bench_events as select n as id, md5(n::text) as payload from generate_series(1, 5000) n");
            Path file = folder.resolve("original.yaml");
            try (InputStream original =
                    getClass().getResourceAsStream("/io/rapidbyte/pipelines/config/original-bench.yaml")) {
                Files.copy(original, file);
            }

            CommandLineRun run = CommandLineRun.of(Map.of(), "run", file.toString());

            assertThat(run.err(), run.code(), is(0));
            assertThat(run.out(), containsString("5,000"));
            assertThat(
                    value(url, "select count(*) from raw.bench_events join bench_events using (id, payload)"),
                    is("5000"));
            assertThat(Files.exists(folder.resolve("rapidbyte_bench_state.db")), is(true));
        }
    }

    private static boolean isFree() {
        try (ServerSocket socket = new ServerSocket(PORT, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException e) {
            return false;
        }
    }

    private static void execute(String url, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String value(String url, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }
}
