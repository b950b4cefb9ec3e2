// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static io.rapidbyte.pipelines.state.SampleRuns.begun;
import static io.rapidbyte.pipelines.state.SampleRuns.completed;
import static io.rapidbyte.pipelines.state.SampleRuns.ended;
import static io.rapidbyte.pipelines.state.SampleRuns.letter;
import static io.rapidbyte.pipelines.state.SampleRuns.run;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.pipelines.state.PipelineLock;
import io.rapidbyte.pipelines.state.RunRecord;
import io.rapidbyte.pipelines.state.RunStatus;
import io.rapidbyte.pipelines.state.SampleRuns;
import io.rapidbyte.pipelines.state.StateDatabase;
import io.rapidbyte.pipelines.state.StateLocation;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StateStores;
import io.rapidbyte.testing.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StateCommandTest {
    @TempDir
    Path folder;

    private Path database;

    @BeforeEach
    void resolveDatabase() throws IOException {
        folder = folder.toRealPath();
        database = folder.resolve("shop.state.db");
    }

    @Test
    void withoutACommandTheUsageOfStateGoesToStandardError() {
        CommandLineRun run = CommandLineRun.of(Map.of(), "state");

        assertThat(run.code(), is(2));
        assertThat(run.err(), startsWith("Usage: rapidbyte state"));
    }

    @Test
    void aPipelineThatNeverRanRemembersNothing() throws IOException {
        String file = file("append");

        CommandLineRun shown = state("show", file);
        CommandLineRun json = state("show", "--json", file);
        CommandLineRun reset = state("reset", "--all", file);

        String sentence = "Pipeline shop remembers nothing yet: there is no state file " + database
                + ". Its first run makes it.\n";
        assertThat(shown, is(new CommandLineRun(0, sentence, "")));
        assertThat(reset, is(new CommandLineRun(0, sentence, "")));
        assertThat(json.code(), is(0));
        assertThat(new ObjectMapper().readTree(json.out()).path("exists").booleanValue(), is(false));
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.toList(), is(List.of(Path.of(file))));
        }
    }

    @Test
    void showTellsPositionsRunsAndWhatComesOfTheUnfinished() throws IOException {
        fill();

        CommandLineRun shown = state("show", file("append"));

        assertThat(shown.err(), shown.code(), is(0));
        assertThat(
                shown.out().replaceAll("20\\d\\d-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ", "yyyy-mm-dd hh:mm:ssZ"),
                is("""
                Pipeline shop, the state file %s

                stream  cursor      type         value                   updated               run
                ----------------------------------------------------------------------------------
                orders  updated_at  timestamptz  2026-07-25 10:00:00+00  yyyy-mm-dd hh:mm:ssZ  r1

                run  status   runner  started               ended                 error
                ---------------------------------------------------------------------------------
                r3   running  direct  yyyy-mm-dd hh:mm:ssZ
                r2   failed   direct  yyyy-mm-dd hh:mm:ssZ  yyyy-mm-dd hh:mm:ssZ  it broke in two
                r1   done     direct  yyyy-mm-dd hh:mm:ssZ  yyyy-mm-dd hh:mm:ssZ

                gone: run r2 began it. The pipeline file does not name it any more, and no run goes on with it.
                items: run r3 began it. If that run has died, the next run goes on where it stopped, unless the stream or its target was changed in the pipeline file.
                users: run r2 began it. The next run goes on where it stopped, unless the stream or its target was changed in the pipeline file.
                """.formatted(database)));
    }

    @Test
    void programsGetTheSame() throws IOException {
        fill();

        JsonNode json = new ObjectMapper()
                .readTree(state("show", "--json", file("append")).out());

        assertThat(json.path("status").asText(), is("ok"));
        assertThat(json.path("pipeline").asText(), is("shop"));
        assertThat(json.path("state").asText(), is("the state file " + database));
        JsonNode position = json.path("positions").path(0);
        assertThat(position.path("cursor_type").asText(), is("timestamptz"));
        assertThat(position.path("updated").asText(), matchesPattern("20\\d\\d-.*Z"));
        assertThat(json.path("runs").findValuesAsText("run_id"), is(List.of("r3", "r2", "r1")));
        assertThat(json.path("unfinished").findValuesAsText("stream"), is(List.of("gone", "items", "users")));
    }

    @Test
    void aRunIsShownWithItsStreamsAndDeadLetters() throws IOException {
        fill();

        CommandLineRun shown = state("show", file("append"), "--run", "r1");
        JsonNode json = new ObjectMapper()
                .readTree(state("show", "--json", "--run", "r1", file("append")).out());

        assertThat(
                shown.out(),
                allOf(
                        startsWith(
                                "Run r1 of pipeline shop on direct: done\nstarted 2026-07-25 23:59:59Z, ended 2026-07-26 00:00:59Z\n"),
                        containsString("\norders  done           0          0     5        2  0.00        -\n"),
                        containsString("\norders          22003  number 1 is out of range   {\"id\":1}\n"),
                        containsString("\n... and 5 dead letters more; --json shows them.\n")));
        assertThat(json.path("run").path("status").asText(), is("done"));
        assertThat(json.path("dead_letter_count").asInt(), is(25));
        assertThat(json.path("dead_letters").size(), is(25));
        assertThat(json.path("streams").path(0).path("refused").asInt(), is(2));
    }

    @Test
    void anUnknownRunIsCode2() throws IOException {
        String file = file("append");
        CommandLineRun without = state("show", "--run", "r9", file);
        fill();
        CommandLineRun with = state("show", "--run", "r9", file);

        assertThat(without.code(), is(2));
        assertThat(without.err(), startsWith("There is no run r9. Pipeline shop remembers nothing yet"));
        assertThat(with.code(), is(2));
        assertThat(
                with.err(),
                is("There is no run r9 of pipeline shop in the state file " + database
                        + ". Without --run, the last ones are listed.\n"));
    }

    @Test
    void aResetSaysWhatItForgets() throws IOException {
        fill();
        end("r3");

        CommandLineRun reset = state("reset", file("append"), "--stream", "orders", "--stream", "users");

        assertThat(reset, is(new CommandLineRun(0, """
                orders: forgot that it had ended at updated_at = 2026-07-25 10:00:00+00.
                users: forgot what run r2 had begun of it.
                The next run appends all rows to what is in the targets now: empty them first, unless rows may be there twice.
                """, "")));
        try (StateStore store = StateStores.open(location())) {
            assertThat(store.positions("shop"), hasSize(0));
            assertThat(store.unfinished("shop"), hasSize(2));
            assertThat(store.runs("shop", 10), hasSize(3));
        }
    }

    @Test
    void aResetOfAllForgetsAll() throws IOException {
        fill();

        JsonNode json = new ObjectMapper()
                .readTree(state("reset", "--all", "--json", file("upsert")).out());
        CommandLineRun again = state("reset", "--all", file("upsert"));
        CommandLineRun one = state("reset", "--stream", "orders", file("upsert"));

        assertThat(json.path("reset").findValuesAsText("stream").toString(), containsString("orders"));
        assertThat(json.path("reset").size(), is(4));
        assertThat(
                json.path("reset").path(2).path("position").path("cursor_field").asText(), is("updated_at"));
        assertThat(again.out(), is("Pipeline shop remembered nothing of its streams; there was nothing to forget.\n"));
        assertThat(one.out(), is("orders: there was nothing to forget.\n"));
    }

    @Test
    void anUnknownStreamIsCode2AndResetsNothing() throws IOException {
        fill();

        CommandLineRun close = state("reset", file("append"), "--stream", "orders", "--stream", "ordesr");
        CommandLineRun far = state("reset", file("append"), "--stream", "xyz");

        assertThat(close.code(), is(2));
        assertThat(
                close.err(), is("Pipeline shop has no stream 'ordesr'; did you mean 'orders'? Nothing was reset.\n"));
        assertThat(
                far.err(),
                is("Pipeline shop has no stream 'xyz'. It has gone, items, orders, users. Nothing was reset.\n"));
        try (StateStore store = StateStores.open(location())) {
            assertThat(store.positions("shop"), hasSize(1));
        }
    }

    @Test
    void aPipelineThatRunsIsNotReset() throws IOException {
        fill();
        try (StateStore store = StateStores.open(location());
                PipelineLock lock = store.lock("shop")) {
            CommandLineRun reset = state("reset", "--all", file("append"));

            assertThat(lock.isHeld(), is(true));
            assertThat(reset.code(), is(ExitCode.FAILED.code()));
            assertThat(
                    reset.err(),
                    startsWith("Pipeline shop is running already: run r3 began at 2026-07-25 23:59:59 UTC"));
            assertThat(store.positions("shop"), hasSize(1));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "state reset FILE | Error: Missing required argument (specify one of these): (--stream=NAME",
                "state reset FILE --all --stream a | Error: --stream=NAME, --all are mutually exclusive",
                "state show | Missing required parameter: 'FILE'",
            })
    void aMisusedCommandIsASentenceAndCode2(String arguments, String sentence) throws IOException {
        CommandLineRun run = CommandLineRun.of(
                Map.of(), arguments.replace("FILE", file("append")).split(" "));

        assertThat(run.code(), is(2));
        assertThat(run.err(), startsWith(sentence));
    }

    @Test
    void aStoreOnAServerIsShownWithoutItsPassword() throws IOException {
        try (StateDatabase server = StateDatabase.create()) {
            String file = file(
                    "append",
                    "state: {backend: postgres, connection: '"
                            + server.url(PostgresServer.USER, "${PASSWORD}").replace("%24%7BPASSWORD%7D", "${PASSWORD}")
                            + "'}");
            Map<String, String> environment = Map.of("PASSWORD", encodedPassword(server));
            assertThat(
                    CommandLineRun.of(environment, "state", "show", file).out(),
                    startsWith("Pipeline shop remembers nothing yet: there is no state database " + server.name()
                            + " on "));
            try (StateStore store = StateStores.open(server.location())) {
                store.begin(run("shop", "r1"));
            }
            CommandLineRun shown = CommandLineRun.of(environment, "state", "show", file);
            CommandLineRun refused = CommandLineRun.of(Map.of("PASSWORD", "wr0ngSecret"), "state", "show", "-vv", file);

            assertThat(shown.err(), shown.code(), is(0));
            assertThat(shown.out(), startsWith("Pipeline shop, the state database " + server.name()));
            assertThat(refused.code(), is(ExitCode.CONNECTION.code()));
            assertThat(refused.err(), containsString("Login to the state database " + server.name()));
            assertThat(refused.err() + refused.out(), not(containsString("wr0ngSecret")));
        }
    }

    @Test
    void aStoreThatCannotBeIsCode2() throws IOException {
        CommandLineRun show = state("show", file("append", "state: {backend: postgres}"));

        assertThat(show.code(), is(2));
        assertThat(show.err(), containsString("state.backend: postgres needs state.connection"));
    }

    private static String encodedPassword(StateDatabase server) {
        String url = server.url(PostgresServer.USER, PostgresServer.PASSWORD);
        return url.substring(url.indexOf(':', 11) + 1, url.lastIndexOf('@'));
    }

    private StateLocation location() {
        return new StateLocation(StateLocation.Backend.SQLITE, database.toString());
    }

    /** Three runs: one is done, one has failed with streams begun, and one seems to go on. */
    private void fill() {
        try (StateStore store = StateStores.open(location())) {
            store.begin(run("shop", "r1"));
            store.plan("shop", begun("r1", "orders"));
            store.complete("r1", completed("orders", 5, "2026-07-25 10:00:00+00"));
            store.keep(IntStream.rangeClosed(1, 25)
                    .mapToObj(number -> letter("r1", "orders", number))
                    .toList());
            store.end(ended("shop", "r1", RunStatus.DONE));
            store.begin(run("shop", "r2"));
            store.plan("shop", begun("r2", "users"));
            store.plan("shop", begun("r2", "gone"));
            store.end(new RunRecord(
                    "r2",
                    "shop",
                    RunStatus.FAILED,
                    "direct",
                    SampleRuns.STARTED,
                    SampleRuns.STARTED,
                    "broken",
                    "it broke\nin two"));
            store.begin(run("shop", "r3"));
            store.plan("shop", begun("r3", "items"));
        }
    }

    private void end(String runId) {
        try (StateStore store = StateStores.open(location())) {
            store.end(ended("shop", runId, RunStatus.INTERRUPTED));
        }
    }

    private static CommandLineRun state(String... arguments) {
        return CommandLineRun.of(
                Map.of(),
                Stream.concat(Stream.of("state"), Stream.of(arguments)).toArray(String[]::new));
    }

    private String file(String writeMode) throws IOException {
        return file(writeMode, "");
    }

    private String file(String writeMode, String state) throws IOException {
        return Files.writeString(folder.resolve("shop.yaml"), """
                version: "1.0"
                pipeline: shop
                source: {use: source-postgres, config: {}, streams: [{name: orders}, {name: users}, {name: items}]}
                destination: {use: dest-postgres, config: {}, write_mode: %s, primary_key: [id]}
                %s
                """.formatted(writeMode, state))
                .toString();
    }
}
