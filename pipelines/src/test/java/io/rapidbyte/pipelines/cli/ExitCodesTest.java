// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;

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
