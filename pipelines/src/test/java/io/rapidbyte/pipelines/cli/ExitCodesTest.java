// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each exit code, for a cause that people meet. That of an interrupted run is in {@link InterruptedRunTest}. */
class ExitCodesTest {
    private static final Map<String, String> ENVIRONMENT =
            Map.of("TEST_PASSWORD", PostgresServer.PASSWORD, "WRONG_PASSWORD", "wr0ngSecret");

    @TempDir
    Path folder;

    private TestSchema source;
    private TestSchema target;

    @BeforeEach
    void createTables() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        source.execute("CREATE TABLE users (id int, age int)", "INSERT INTO users VALUES (1, 30), (2, -1), (3, 40)");
    }

    @AfterEach
    void dropTables() {
        source.close();
        target.close();
    }

    @Test
    void zeroWhenEverythingIsDone() {
        assertThat(CommandLineRun.of(ENVIRONMENT, "run", yaml().writeTo(folder)).code(), is(0));
        assertThat(target.value("SELECT count(*) FROM users"), is("3"));
    }

    @Test
    void oneWhenTheTargetRefusesARow() throws IOException {
        target.execute("CREATE TABLE users (id int, age int CHECK (age >= 0))");

        fails(yaml(), 1, "data", "users_age_check");
        assertThat(target.value("SELECT count(*) FROM users"), is("0"));
    }

    @Test
    void oneWhenTheTargetHasAnotherType() throws IOException {
        target.execute("CREATE TABLE users (id int, age boolean)");

        fails(yaml(), 1, "data", "age");
    }

    @Test
    void twoWhenTheFileHasAKeyThatIsNone() throws IOException {
        fails(yaml().with("write_mode:", "write_mod:"), 2, "usage", "did you mean 'write_mode'?");
    }

    @Test
    void twoWhenAnOptionIsNone() throws IOException {
        JsonNode error = error(CommandLineRun.of(ENVIRONMENT, "run", "--json", "--runer", "direct", "a.yaml"), 2);

        assertThat(error.path("kind").asText(), is("usage"));
        assertThat(error.path("message").asText(), containsString("Did you mean --runner?"));
    }

    @Test
    void threeWhenThePasswordIsWrong() throws IOException {
        fails(yaml().with("${TEST_PASSWORD}", "${WRONG_PASSWORD}"), 3, "permission", "password");
    }

    @Test
    void threeWhenTheServerIsDead() throws IOException {
        fails(
                yaml().with("port: " + PostgresServer.shared().port(), "port: " + freePort()),
                3,
                "unavailable",
                "source-postgres");
    }

    @Test
    void threeWhenTheAddressIsNotAllowed() throws IOException {
        fails(
                yaml().with("  streams:", "  permissions: {network: {allowed_hosts: [db.internal]}}\n  streams:"),
                3,
                "permission",
                PostgresServer.shared().host());
    }

    @ParameterizedTest
    @ValueSource(strings = {"run", "check"})
    void threeWhenAPrivilegeIsMissingInTheSource(String command) throws IOException {
        try (Guest guest = new Guest()) {
            JsonNode json = failure(command, yaml().with("user: " + PostgresServer.USER, "user: " + guest.name), 3);

            assertThat(json.path("error").path("kind").asText(), is("permission"));
            assertThat(
                    json.path("error").path("message").asText(),
                    containsString("the user may not read " + source.name() + ".users"));
            JsonNode denied = check(json, "stream users");
            assertThat(denied.path("ok").asBoolean(true), is(false));
            assertThat(denied.path("category").asText(), is("permission"));
            assertThat(denied.path("hint").asText(), containsString("GRANT"));
            assertThat(check(json, "connection").path("ok").asBoolean(), is(true));
            assertThat(check(json, "connection").has("category"), is(false));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"run", "check"})
    void threeWhenAPrivilegeIsMissingInTheTarget(String command) throws IOException {
        try (Guest guest = new Guest()) {
            PipelineYaml yaml = yaml().withLast("user: " + PostgresServer.USER, "user: " + guest.name);
            JsonNode json = failure(command, yaml, 3);

            assertThat(json.path("error").path("kind").asText(), is("permission"));
            assertThat(check(json, "schema " + target.name()).path("category").asText(), is("permission"));
            assertThat(target.relations(), is(empty()));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"run", "check"})
    void oneWhenTheTargetOfAnUpsertHasNoSuchKey(String command) throws IOException {
        target.execute("CREATE TABLE users (id int, age int)");
        PipelineYaml yaml = yaml().with("write_mode: append", "write_mode: upsert\n  primary_key: [id]");

        JsonNode json = failure(command, yaml, 1);

        assertThat(json.path("error").path("kind").asText(), is("data"));
        assertThat(
                json.path("error").path("message").asText(),
                startsWith("dest-postgres: stream 'users': its target " + target.name() + ".users has no primary key or"
                        + " unique index on exactly (id) by which rows could be told apart. CREATE UNIQUE INDEX ON "));
        assertThat(
                check(json, "target " + target.name() + ".users")
                        .path("category")
                        .asText(),
                is("schema"));
        assertThat("no stream was begun", json.has("streams"), is(false));
        // The ledger included, which every run that has begun leaves there.
        assertThat(
                target.query("SELECT relname FROM pg_class WHERE relnamespace = '" + target.name() + "'::regnamespace"),
                contains("users"));
        assertThat(target.value("SELECT count(*) FROM users"), is("0"));
    }

    @Test
    void zeroWhenTheTargetOfAnUpsertHasTheKey() {
        target.execute("CREATE TABLE users (id int, age int)", "CREATE UNIQUE INDEX ON users (id)");
        PipelineYaml yaml = yaml().with("write_mode: append", "write_mode: upsert\n  primary_key: [id]");

        assertThat(CommandLineRun.of(ENVIRONMENT, "run", yaml.writeTo(folder)).code(), is(0));
        assertThat(target.value("SELECT count(*) FROM users"), is("3"));
    }

    /** A role that may log in and nothing else, with the password of the others. */
    private static final class Guest implements AutoCloseable {
        private final TestSchema schema = PostgresServer.shared().newSchema();
        final String name = schema.name() + "_guest";

        Guest() {
            schema.executeAsSuperuser(
                    "CREATE ROLE " + name + " LOGIN PASSWORD '" + PostgresServer.PASSWORD.replace("'", "''") + "'");
        }

        @Override
        public void close() {
            schema.executeAsSuperuser("DROP OWNED BY " + name, "DROP ROLE " + name);
            schema.close();
        }
    }

    private JsonNode failure(String command, PipelineYaml yaml, int code) throws IOException {
        CommandLineRun run = CommandLineRun.of(ENVIRONMENT, command, "--json", yaml.writeTo(folder));
        assertThat(run.out() + run.err(), run.code(), is(code));
        return new ObjectMapper().readTree(run.out());
    }

    /** What was found by the check of this name, which is there. */
    private static JsonNode check(JsonNode json, String name) {
        for (JsonNode check : json.path("checks")) {
            if (check.path("name").asText().equals(name)) {
                return check;
            }
        }
        throw new AssertionError("no check '" + name + "' in " + json);
    }

    private PipelineYaml yaml() {
        return PipelineYaml.between(source, target, "users");
    }

    private void fails(PipelineYaml yaml, int code, String kind, String word) throws IOException {
        JsonNode error = error(CommandLineRun.of(ENVIRONMENT, "run", "--json", yaml.writeTo(folder)), code);

        assertThat(error.toString(), error.path("kind").asText(), is(kind));
        assertThat(error.path("message").asText(), containsString(word));
    }

    private static JsonNode error(CommandLineRun run, int code) throws IOException {
        assertThat(run.err(), run.code(), is(code));
        JsonNode json = new ObjectMapper().readTree(run.out());
        assertThat(json.path("exit_code").asInt(), is(code));
        return json.path("error");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
