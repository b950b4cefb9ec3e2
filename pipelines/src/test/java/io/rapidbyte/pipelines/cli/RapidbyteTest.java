// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.wasm.Category;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RapidbyteTest {
    @TempDir
    Path folder;

    @Test
    void theVersionNamesWhatItIsBuiltOn() {
        CommandLineRun run = run("--version");

        assertThat(run.code(), is(0));
        assertThat(
                run.out(), allOf(startsWith("rapidbyte "), containsString("Apache Beam 2."), containsString("Java ")));
        assertThat(run.err(), is(""));
    }

    @Test
    void helpListsTheCommands() {
        CommandLineRun run = run("--help");

        assertThat(run.code(), is(0));
        for (String command : new String[] {"quickstart", "run", "check", "discover"}) {
            assertThat(run.out(), containsString("\n  " + command + " "));
        }
    }

    @Test
    void withoutACommandTheUsageGoesToStandardError() {
        CommandLineRun run = run();

        assertThat(run.code(), is(2));
        assertThat(run.out(), is(""));
        assertThat(run.err(), startsWith("Usage: rapidbyte"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "run | Missing required parameter: 'FILE'",
                "run a.yaml --runner spork | Invalid value for option '--runner': There is no runner 'spork': expected direct, flink,"
                        + " or the name of a class on the class path that is a runner of Beam.",
                "run a.yaml --runnr | Unknown option: '--runnr'",
                "quickstart --rows many | Invalid value for option '--rows': 'many' is not a long",
                "quickstart --rows 0 | --rows: expected a number from 1 to 1,000,000,000, found 0.",
                "cheque | Unmatched argument at index 0: 'cheque'",
            })
    void aMisusedCommandLineIsASentenceAndCode2(String arguments, String sentence) {
        CommandLineRun run = run(arguments.split(" "));

        assertThat(run.code(), is(2));
        assertThat(run.out(), is(""));
        assertThat(run.err(), startsWith(sentence + System.lineSeparator()));
    }

    @ParameterizedTest
    @CsvSource({"run", "check", "discover"})
    void aFileThatIsNotThereIsASentenceAndCode2(String command) {
        CommandLineRun run = run(command, folder.resolve("absent.yaml").toString());

        assertThat(run.code(), is(2));
        assertThat(run.out(), is(""));
        assertThat(run.err().strip(), is(folder.resolve("absent.yaml") + ":1:1: there is no such file"));
    }

    @Test
    void programsGetTheFailureAsJson() throws IOException {
        CommandLineRun run = run("run", "--json", folder.resolve("absent.yaml").toString());

        JsonNode json = new ObjectMapper().readTree(run.out());
        assertThat(run.code(), is(2));
        assertThat(json.path("status").asText(), is("failed"));
        assertThat(json.path("exit_code").asInt(), is(2));
        assertThat(json.path("error").path("kind").asText(), is("usage"));
        assertThat(json.path("error").path("message").asText(), containsString("there is no such file"));
    }

    @Test
    void anUnknownConnectorIsASentenceThatNamesTheKnownOnes() throws IOException {
        Path file = Files.writeString(folder.resolve("p.yaml"), """
                version: "1.0"
                pipeline: unknown
                source: {use: source-oracle, config: {}, streams: [{name: t}]}
                destination: {use: dest-postgres, config: {host: h, user: u, database: d}, write_mode: append}
                """);

        CommandLineRun run = run("run", file.toString());

        assertThat(run.code(), is(2));
        assertThat(run.err(), startsWith(file + ":3:15: source.use: there is no source 'source-oracle' (known here: "));
        assertThat(run.err(), containsString("source-postgres; or the path of a .wasm file)"));
        assertThat(run.err().lines().count(), is(1L));
    }

    @Test
    void everyCategoryHasItsExitCode() {
        Map<Category, Integer> codes = new java.util.EnumMap<>(Category.class);
        for (Category category : Category.values()) {
            codes.put(category, FailureKind.of(category).code().code());
        }

        assertThat(
                codes.toString(),
                is(
                        "{CONFIG=2, AUTH=3, PERMISSION=3, RATE_LIMIT=3, TRANSIENT_NETWORK=3, TRANSIENT_DB=3, DATA=1, SCHEMA=1,"
                                + " INTERNAL=1, FRAME=1, CANCELLED=130}"));
    }

    private static CommandLineRun run(String... arguments) {
        return CommandLineRun.of(Map.of(), arguments);
    }
}
