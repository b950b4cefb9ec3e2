// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.server;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.benchmarks.contender.RapidbyteCopy;
import io.rapidbyte.benchmarks.contender.TableCopy;
import io.rapidbyte.benchmarks.scenario.Setting;
import io.rapidbyte.benchmarks.scenario.Settings;
import io.rapidbyte.benchmarks.scenario.TableProfile;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A server that can encrypt, with a target that a test makes a copy in. */
class BenchmarkServerTest {
    private static ServerKeys keys;
    private static BenchmarkServer server;
    private static TableCopy copy;

    @BeforeAll
    static void start() throws Exception {
        keys = ServerKeys.create();
        server = BenchmarkServer.start(keys);
        copy = server.copy(server.host(), server.port());
        server.createSource(TableProfile.SMALL, 50);
    }

    @AfterAll
    static void stop() throws Exception {
        if (server != null) {
            server.close();
        }
        keys.close();
        assertThat(Files.exists(keys.folder()), is(false));
    }

    @BeforeEach
    void emptyTarget() throws SQLException {
        server.freshTarget();
    }

    @Test
    void anEqualCopyIsEqual() throws SQLException {
        execute("INSERT INTO target.bench_events SELECT * FROM source.bench_events ORDER BY id DESC");

        assertThat(server.verify().differences(), is(empty()));
        assertThat(server.tableBytes(), greaterThan(50L * 50));
    }

    @Test
    void oneChangedRowIsFound() throws SQLException {
        execute("INSERT INTO target.bench_events SELECT * FROM source.bench_events");
        execute("UPDATE target.bench_events SET amount = amount + 0.01 WHERE id = 17");

        assertThat(server.verify().differences(), contains("the number of rows is right, their content differs"));
    }

    @Test
    void oneMissingRowIsFound() throws SQLException {
        execute("INSERT INTO target.bench_events SELECT * FROM source.bench_events WHERE id <> 17");

        assertThat(server.verify().differences(), contains("49 rows instead of 50"));
    }

    @Test
    void oneRowInPlaceOfAnotherIsFound() throws SQLException {
        execute("INSERT INTO target.bench_events SELECT * FROM source.bench_events WHERE id <> 17");
        execute("INSERT INTO target.bench_events SELECT * FROM source.bench_events WHERE id = 18");

        assertThat(server.verify().differences(), contains("the number of rows is right, their content differs"));
    }

    @Test
    void theServerEncryptsWithItsKeys() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(keys.key())), is("rw-------"));
        String url =
                "jdbc:postgresql://" + copy.host() + ":" + copy.port() + "/" + copy.database() + "?sslmode=require";
        try (Connection connection = DriverManager.getConnection(url, copy.user(), copy.password());
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")) {
            result.next();
            assertThat(result.getBoolean(1), is(true));
        }
    }

    @Test
    void rapidbyteCopiesOverEncryptedConnections() throws Exception {
        new RapidbyteCopy().copy(copy, Settings.NONE.with(Setting.SSLMODE, "require"));

        assertThat(server.verify().differences(), is(empty()));
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = copy.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
