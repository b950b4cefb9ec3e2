// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.stringContainsInOrder;

import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorModule;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever goes wrong: one sentence, the right exit code, no secret, the destination as it was, and the next run works. */
class RunFailureTest {
    @TempDir
    Path folder;

    private TestSchema source;
    private TestSchema target;

    @BeforeEach
    void createTables() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        source.execute(
                "CREATE TABLE users (id int, email text)",
                "INSERT INTO users SELECT i, 'user' || i FROM generate_series(1, 100) i");
        target.execute("CREATE TABLE bystander (a int)", "INSERT INTO bystander VALUES (42)");
    }

    @AfterEach
    void dropTables() {
        source.close();
        target.close();
    }

    @Test
    void aWrongPasswordOfTheSource() {
        assertFails(yaml().with("${TEST_PASSWORD}", "${WRONG_PASSWORD}"), 3, "source-postgres", "password");
    }

    @Test
    void aWrongPasswordOfTheDestination() {
        PipelineYaml yaml = yaml().with("${TEST_PASSWORD}", "${SAVED}")
                .with("${TEST_PASSWORD}", "${WRONG_PASSWORD}")
                .with("${SAVED}", "${TEST_PASSWORD}");

        assertFails(yaml, 3, "dest-postgres", "password");
    }

    @Test
    void anUnknownTable() {
        assertFails(yaml().with("'users'", "usres"), 2, "source-postgres", "usres");
    }

    @Test
    void aServerThatIsDown() throws IOException {
        assertFails(
                yaml().with("port: " + PostgresServer.shared().port(), "port: " + freePort()), 3, "source-postgres");
    }

    @Test
    void aPortThatTheAclForbids() {
        String host = PostgresServer.shared().host();
        PipelineYaml yaml =
                yaml().with("  streams:", "  permissions: {network: {allowed_hosts: ['" + host + ":1']}}\n  streams:");

        assertFails(
                yaml,
                3,
                "source-postgres",
                String.valueOf(PostgresServer.shared().port()));
    }

    @Test
    void aTruncatedModule() throws IOException {
        byte[] whole = probe();
        Path module = Files.write(folder.resolve("cut.wasm"), Arrays.copyOf(whole, whole.length / 2));

        assertFails(yaml().with("use: source-postgres", "use: " + module), 2, "cut.wasm");
    }

    @Test
    void aModuleThatLoopsForEver() throws IOException {
        PipelineYaml yaml =
                fromProbe("{behaviour: loop}").with("  streams:", "  limits: {timeout_seconds: 1}\n  streams:");

        assertFails(yaml, 1, "probe-source", "1 s");
    }

    @Test
    void aModuleThatWantsFiveGigabytes() throws IOException {
        assertFails(fromProbe("{behaviour: grow}"), 1, "probe-source");
    }

    @Test
    void aSourceThatFailsInTheMiddle() throws IOException {
        target.execute("CREATE TABLE probe AS SELECT 1 AS before");
        String config = "{behaviour: error, units: 8, batches_per_unit: 2, rows_per_batch: 1000, fail_unit: 6,"
                + " error: {category: data, code: broken, message: 'unit 6 cannot be read'}}";

        assertFails(
                fromProbe(config).with("write_mode: append", "write_mode: replace"),
                1,
                "probe-source",
                "unit 6 cannot be read");
        assertThat(target.value("SELECT before FROM probe"), is("1"));
    }

    @Test
    void twoStreamsWithOneTarget() {
        try (TestSchema other = PostgresServer.shared().newSchema()) {
            other.execute("CREATE TABLE users (id int)");
            PipelineYaml yaml = PipelineYaml.between(source, target, "users", other.name() + ".users");

            assertFails(yaml, 2, "dest-postgres", "users");
        }
    }

    private PipelineYaml yaml() {
        return PipelineYaml.between(source, target, "users");
    }

    private PipelineYaml fromProbe(String config) throws IOException {
        return PipelineYaml.fromProbe(Files.write(folder.resolve("probe.wasm"), probe()), config, target);
    }

    private static byte[] probe() {
        return ConnectorModule.bundled("probe-source").bytes();
    }

    private void assertFails(PipelineYaml yaml, int code, String... words) {
        List<String> before = contents();
        long start = System.nanoTime();

        CommandLineRun failed = CommandLineRun.of(
                Map.of("TEST_PASSWORD", PostgresServer.PASSWORD, "WRONG_PASSWORD", "wr0ngSecret"),
                "run",
                yaml.writeTo(folder));

        assertThat(failed.err(), failed.code(), is(code));
        assertThat(failed.out(), is(""));
        assertThat(failed.err(), failed.complaints(), hasSize(1));
        assertThat(failed.complaints().get(0), stringContainsInOrder(words));
        assertThat(failed.err(), not(containsString("wr0ngSecret")));
        assertThat(failed.err(), not(containsString(PostgresServer.PASSWORD)));
        assertThat(failed.err(), not(containsString("\tat ")));
        assertThat(contents(), is(before));
        assertThat("seconds", (System.nanoTime() - start) / 1e9, lessThan(20.0));

        CommandLineRun next = CommandLineRun.of(PipelineYaml.ENVIRONMENT, "run", "-q", yaml().writeTo(folder));
        assertThat(next.err(), next.code(), is(0));
        assertThat(target.value("SELECT count(*) FROM users"), is("100"));
    }

    /** All schemas, tables and columns of the database but those of the system. */
    private List<String> contents() {
        return target.query("""
                SELECT n.nspname, c.relname, a.attname, c.reltuples
                FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v')
                LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                ORDER BY 1, 2, 3
                """);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
