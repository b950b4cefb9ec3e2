// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.wasm.ConnectorModule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectorsCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Clears the screen, sets the title, in seven and eight bits; writes from right to left; begins another line. */
    private static final String HOSTILE = "\u001b[2J\u001b]0;owned\u0007 \u009b31m \u202egnp.exe \r\nsha256: 0000 ";

    @TempDir
    Path folder;

    @Test
    void theListHasTheBundledOnesAndThoseOfTheFolder() throws IOException {
        Files.write(
                folder.resolve("mine.wasm"),
                ConnectorModule.bundled("probe-source").bytes());

        CommandLineRun run = run("connectors", "list");

        String sha256 = ConnectorModule.bundled("dest-postgres").sha256().substring(0, 12);
        assertThat(run.err(), run.code(), is(0));
        assertThat(
                run.out(),
                allOf(
                        matchesPattern(
                                "(?s).*\nsource-postgres +0\\.1\\.0 +source +full_refresh, incremental +\\w{12} +bundled\n.*"),
                        matchesPattern("(?s).*\ndest-postgres +0\\.1\\.0 +destination +append, replace, upsert +"
                                + sha256 + " +bundled\n.*"),
                        matchesPattern("(?s).*\nmine +\\S+ +source .*" + folder.resolve("mine.wasm") + "\n.*")));
    }

    @Test
    void aBrokenModuleIsListedWithTheReasonAndTheOthersAreToo() throws IOException {
        Files.writeString(folder.resolve("broken.wasm"), "no module");
        Files.createDirectory(folder.resolve("folder.wasm"));
        Files.write(
                folder.resolve("dest-postgres.wasm"),
                ConnectorModule.bundled("dest-postgres").bytes());

        CommandLineRun run = run("connectors", "list");
        JsonNode connectors =
                JSON.readTree(run("connectors", "list", "--json").out()).path("connectors");

        assertThat(run.err(), run.code(), is(0));
        assertThat(
                run.out(),
                allOf(
                        matchesPattern("(?s).*\nbroken +- +BROKEN .* is not a WebAssembly module.*"),
                        matchesPattern("(?s).*\nfolder +- +BROKEN .* it is no file\\.\n.*"),
                        containsString("a bundled connector has this name, so that only its path leads to it"),
                        containsString("\nsource-postgres ")));
        JsonNode broken = entry(connectors, "broken");
        assertThat(broken.path("ok").asBoolean(true), is(false));
        assertThat(broken.path("problem").asText(), containsString("is not a WebAssembly module"));
        assertThat(entry(connectors, "source-postgres").path("sha256").asText().length(), is(64));
    }

    @Test
    void aFolderThatIsNotThereIsSaid() {
        CommandLineRun run = CommandLineRun.of(
                Map.of("RAPIDBYTE_CONNECTOR_DIR", folder.resolve("absent").toString()), "connectors", "list");

        assertThat(run.code(), is(0));
        assertThat(run.out(), containsString("which is no folder that can be read"));
    }

    @Test
    void aManifestIsShownWhole() throws IOException {
        CommandLineRun text = run("connectors", "inspect", "source-postgres");
        JsonNode json = JSON.readTree(
                run("connectors", "inspect", "--json", "source-postgres").out());

        ConnectorModule module = ConnectorModule.bundled("source-postgres");
        assertThat(text.err(), text.code(), is(0));
        assertThat(
                text.out(),
                allOf(
                        startsWith("source-postgres 0.1.0, a source\nReads Postgres tables by binary COPY.\n"),
                        containsString("  from          bundled source-postgres\n"),
                        containsString("  sha256        " + module.sha256() + "\n"),
                        containsString("  ABI           1\n"),
                        containsString("  sync modes    full_refresh, incremental\n"),
                        containsString("  network       <config.host>:<config.port, else 5432>\n"),
                        containsString("  memory        256 MiB at most\n"),
                        containsString("  computation   30 s without progress, at most\n"),
                        containsString("  host: string, required\n      Name or address of the server"),
                        containsString("  port: integer or string, default 5432\n"),
                        containsString("  password: string, secret\n"),
                        containsString("  snapshot: run | none, default run\n")));
        assertThat(json.path("sha256").asText(), is(module.sha256()));
        assertThat(json.path("bytes").asInt(), is(module.size()));
        assertThat(json.path("limits").path("memory_bytes").asLong(), is(256L << 20));
        assertThat(
                json.path("permissions").path("network").toString(),
                is(
                        "[{\"host\":{\"config\":\"host\",\"default\":null},\"port\":{\"config\":\"port\",\"default\":\"5432\"}}]"));
        assertThat(json.path("config_schema"), is(module.manifest().configSchema()));
    }

    @Test
    void theSchemaAloneIsADocument() throws IOException {
        CommandLineRun run = run("connectors", "inspect", "dest-postgres", "--schema");

        assertThat(
                JSON.readTree(run.out()),
                is(ConnectorModule.bundled("dest-postgres").manifest().configSchema()));
    }

    @Test
    void aConnectorThatIsNotThereIsASentence() {
        CommandLineRun run = run("connectors", "inspect", "source-oracle");

        assertThat(run.code(), is(2));
        assertThat(run.out(), is(""));
        assertThat(run.err().lines().count(), is(1L));
        assertThat(run.err(), allOf(containsString("source-oracle"), containsString("source-postgres")));
    }

    @Test
    void nothingThatAManifestSaysReachesTheTerminalAsItIs() throws IOException {
        ObjectNode manifest = JSON.createObjectNode()
                .put("name", "hostile")
                .put("version", HOSTILE)
                .put("abi", 1)
                .put("role", "source")
                .put("description", HOSTILE + "d".repeat(1 << 20));
        manifest.putArray("sync_modes").add("full_refresh");
        ObjectNode member =
                manifest.putObject("config_schema").putObject("properties").putObject(HOSTILE + "n".repeat(40_000));
        member.put("type", HOSTILE).put("description", HOSTILE).put("default", HOSTILE);
        ObjectNode permissions = manifest.putObject("permissions");
        permissions.putArray("network").addObject().put("host", HOSTILE).put("port", HOSTILE);
        permissions.putArray("env").add(HOSTILE);
        permissions.putArray("folders").add(HOSTILE);
        for (int i = 0; i < 10_000; i++) {
            permissions.withArray("env").add("V" + i);
            ((ObjectNode) manifest.path("config_schema").path("properties")).putObject("m" + i);
        }
        Path file = Files.write(folder.resolve("hostile.wasm"), HandmadeModule.withManifest(manifest.toString()));

        String list = run("connectors", "list").out();
        String inspect = run("connectors", "inspect", file.toString()).out();
        String json = run("connectors", "inspect", "--json", file.toString()).out();

        requireTame(list);
        requireTame(inspect);
        requireTame(json);
        assertThat(inspect, containsString("\\u001b[2J"));
        assertThat(inspect.length(), is(lessThan(50_000)));
        assertThat(JSON.readTree(json).path("description"), is(manifest.path("description")));
        assertThat(JSON.readTree(json).path("config_schema"), is(manifest.path("config_schema")));
    }

    @Test
    void neitherDoesWhatIsSaidOfABrokenOne() throws IOException {
        Path file = Files.write(
                folder.resolve("hostile.wasm"),
                HandmadeModule.withManifest(JSON.createObjectNode()
                        .put("name", HOSTILE + "x".repeat(1 << 20))
                        .put("version", "1")
                        .put("abi", 1)
                        .toString()));

        CommandLineRun inspect = run("connectors", "inspect", file.toString());

        assertThat(inspect.code(), is(2));
        assertThat(inspect.err().lines().count(), is(1L));
        requireTame(inspect.err());
        assertThat(inspect.err().length(), is(lessThan(10_000)));
        requireTame(run("connectors", "list").out());
    }

    /** Line ends are all that may be left of what a terminal obeys, and none of those that the manifest has. */
    private static void requireTame(String shown) {
        assertThat(
                shown.codePoints()
                        .filter(c -> c != '\n' && (Character.isISOControl(c) || c == 0x202e))
                        .count(),
                is(0L));
        assertThat(shown, not(containsString("\nsha256: 0000")));
    }

    private static JsonNode entry(JsonNode connectors, String use) {
        for (JsonNode each : connectors) {
            if (each.path("use").asText().equals(use)) {
                return each;
            }
        }
        throw new AssertionError("no " + use + " in " + connectors);
    }

    private CommandLineRun run(String... arguments) {
        return CommandLineRun.of(Map.of("RAPIDBYTE_CONNECTOR_DIR", folder.toString()), arguments);
    }
}
