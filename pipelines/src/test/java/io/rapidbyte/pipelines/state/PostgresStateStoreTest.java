// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import static io.rapidbyte.pipelines.state.SampleRuns.begun;
import static io.rapidbyte.pipelines.state.SampleRuns.completed;
import static io.rapidbyte.pipelines.state.SampleRuns.run;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.testing.PostgresServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PostgresStateStoreTest extends StateStoreContract {
    private static final String END_OTHERS =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

    private StateDatabase database;

    @BeforeEach
    @Override
    void open() {
        database = StateDatabase.create();
        super.open();
    }

    @AfterEach
    void dropDatabase() {
        database.close();
    }

    @Override
    StateLocation location() {
        return database.location();
    }

    @Override
    String storeName() {
        PostgresServer server = PostgresServer.shared();
        return "the state database " + database.name() + " on " + server.host() + ":" + server.port();
    }

    @Override
    void execute(String sql) {
        database.execute(sql);
    }

    @Test
    void everythingIsInOneSchema() throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'r'"
                                + " AND relnamespace = 'rapidbyte'::regnamespace")) {
            row.next();
            assertThat(row.getString(1), is("dead_letters migrations positions run_streams runs"));
        }
    }

    @Test
    void lookingForAStoreMakesNone() throws SQLException {
        try (StateDatabase empty = StateDatabase.create()) {
            assertThat(StateStores.openExisting(empty.location()).isPresent(), is(false));

            try (Connection connection = empty.connect();
                    Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery("SELECT to_regnamespace('rapidbyte') IS NULL")) {
                row.next();
                assertThat(row.getBoolean(1), is(true));
            }
        }
    }

    @Test
    void theSearchPathIsOfNoAccount() {
        database.execute(
                "CREATE SCHEMA decoy AUTHORIZATION " + PostgresServer.USER,
                "CREATE TABLE decoy.runs (nothing int)",
                "CREATE FUNCTION decoy.to_regclass(text) RETURNS regclass LANGUAGE sql AS 'SELECT NULL::regclass'",
                "ALTER ROLE " + PostgresServer.USER + " IN DATABASE " + database.name()
                        + " SET search_path = decoy, pg_catalog");

        try (StateStore store = StateStores.open(location())) {
            store.begin(run("shop", "r1"));
            store.plan("shop", begun("r1", "orders"));
            store.complete("r1", completed("orders", 1, "1"));

            assertThat(store.runs("shop", 10), contains(run("shop", "r1")));
        }
    }

    @Test
    void whoMakeItAtOnceMakeItTogether() throws Exception {
        int many = 8;
        ExecutorService pool = Executors.newFixedThreadPool(many);
        try (StateDatabase empty = StateDatabase.create()) {
            CountDownLatch ready = new CountDownLatch(many);
            List<Future<?>> results = new ArrayList<>();
            for (int i = 0; i < many; i++) {
                String pipeline = "p" + i;
                results.add(pool.submit(() -> {
                    ready.countDown();
                    ready.await();
                    try (StateStore store = StateStores.open(empty.location())) {
                        store.begin(run(pipeline, pipeline));
                    }
                    return null;
                }));
            }
            for (Future<?> each : results) {
                each.get();
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void aConnectionThatWasLostIsMadeAgain() {
        try (StateStore store = StateStores.open(location())) {
            store.begin(run("shop", "r1"));
            store.plan("shop", begun("r1", "orders"));
            database.execute(END_OTHERS);

            store.complete("r1", completed("orders", 1, "1"));

            assertThat(store.positions("shop").get(0).cursorValue(), is("1"));
        }
    }

    @Test
    void aLockIsLostWithItsConnection() {
        try (StateStore store = StateStores.open(location());
                PipelineLock lock = store.lock("shop")) {
            assertThat(lock.isHeld(), is(true));
            database.execute(END_OTHERS);

            assertThat(lock.isHeld(), is(false));
            try (PipelineLock next = store.lock("shop")) {
                assertThat(next.isHeld(), is(true));
                assertThat(lock.isHeld(), is(false));
            }
        }
    }

    @Test
    void whoMayNotCreateASchemaUsesOneThatIsGiven() {
        String role = "state_reader";
        try (StateDatabase given = StateDatabase.create()) {
            given.execute("CREATE ROLE " + role + " LOGIN PASSWORD 'pw'");
            try {
                StateLocation location = new StateLocation(StateLocation.Backend.POSTGRES, given.url(role, "pw"));
                StateException refused = assertThrows(StateException.class, () -> StateStores.open(location));
                assertThat(
                        refused.getMessage(),
                        allOf(
                                startsWith("Not all that is needed of " + StateStores.describe(location)
                                        + " is permitted to user state_reader (ERROR: permission denied for database "),
                                containsString(
                                        "Have an administrator run: CREATE SCHEMA IF NOT EXISTS rapidbyte AUTHORIZATION \"state_reader\".")));
                assertThat(refused.isMisconfigured(), is(false));

                given.execute("CREATE SCHEMA IF NOT EXISTS rapidbyte AUTHORIZATION \"state_reader\"");
                try (StateStore store = StateStores.open(location)) {
                    store.begin(run("shop", "r1"));
                }
            } finally {
                given.execute("DROP OWNED BY " + role + " CASCADE", "DROP ROLE " + role);
            }
        }
    }

    @Test
    void theOldestServerWillDo() throws SQLException {
        PostgresServer server = PostgresServer.oldest();
        StateLocation location = new StateLocation(
                StateLocation.Backend.POSTGRES,
                "postgres://%s:%s@%s:%d/%s"
                        .formatted(
                                PostgresServer.SUPERUSER,
                                PostgresServer.SUPERUSER_PASSWORD,
                                server.host(),
                                server.port(),
                                server.database()));
        try (StateStore store = StateStores.open(location);
                PipelineLock lock = store.lock("shop")) {
            store.begin(run("shop", "r1"));
            store.plan("shop", begun("r1", "orders"));
            store.complete("r1", completed("orders", 1, "1"));

            assertThat(lock.isHeld(), is(true));
            assertThat(store.positions("shop").get(0).cursorValue(), is("1"));
        } finally {
            try (Connection connection = server.connectAsSuperuser();
                    Statement statement = connection.createStatement()) {
                statement.execute("DROP SCHEMA rapidbyte CASCADE");
            }
        }
    }

    @Test
    void aWrongPassword() {
        StateLocation location = new StateLocation(
                StateLocation.Backend.POSTGRES, database.url(PostgresServer.USER, "wr0ng \"Secret\""));

        StateException refused = assertThrows(StateException.class, () -> StateStores.open(location));

        assertThat(
                refused.getMessage(),
                is("Login to " + storeName()
                        + " was refused for user loader (FATAL: password authentication failed for user \"loader\")."
                        + " Put the right user and password into state.connection."));
        assertThat(refused.isMisconfigured(), is(false));
        assertThat(everythingOf(refused), not(containsString("wr0ng")));
    }

    @Test
    void aDatabaseThatIsNotThere() {
        PostgresServer server = PostgresServer.shared();
        StateLocation location = new StateLocation(
                StateLocation.Backend.POSTGRES,
                "host=%s port=%d dbname=nowhere user=%s password=%s"
                        .formatted(
                                server.host(),
                                server.port(),
                                PostgresServer.SUPERUSER,
                                PostgresServer.SUPERUSER_PASSWORD));

        StateException refused = assertThrows(StateException.class, () -> StateStores.openExisting(location));

        assertThat(
                refused.getMessage(),
                is("There is no state database nowhere on " + server.host() + ":" + server.port()
                        + ". Create it, or name another one in state.connection."));
        assertThat(refused.isMisconfigured(), is(true));
    }

    @Test
    void aServerThatIsDown() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        StateLocation location =
                new StateLocation(StateLocation.Backend.POSTGRES, "postgres://u:s3cret@127.0.0.1:" + port + "/db");

        StateException refused = assertThrows(StateException.class, () -> StateStores.open(location));

        assertThat(
                refused.getMessage(),
                allOf(
                        startsWith("The server of the state database db on 127.0.0.1:" + port + " does not answer ("),
                        containsString("Start it, or correct host and port in state.connection.")));
        assertThat(refused.isMisconfigured(), is(false));
        assertThat(everythingOf(refused), not(containsString("s3cret")));
    }

    @Test
    void aServerThatIsReadOnly() {
        try (StateDatabase standby = StateDatabase.create()) {
            standby.execute("ALTER DATABASE " + standby.name() + " SET default_transaction_read_only = on");

            StateException refused = assertThrows(StateException.class, () -> StateStores.open(standby.location()));

            assertThat(
                    refused.getMessage(),
                    containsString("Name the primary server in state.connection, not a standby."));
        }
    }

    private static String everythingOf(Throwable thrown) {
        StringBuilder text = new StringBuilder();
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            text.append(each).append('\n');
        }
        return text.toString();
    }
}
