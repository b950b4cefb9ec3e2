// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TableComparison;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorModule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunCommandTest {
    private static final String ODD_TABLE = "Größe & \"Farbe\"";
    private static final String ODD_STREAM = TestSchema.quote(ODD_TABLE);

    @TempDir
    Path folder;

    private TestSchema source;
    private TestSchema target;

    @BeforeEach
    void createTables() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        source.execute(
                "CREATE TABLE users (id int PRIMARY KEY, email varchar(80) NOT NULL, credit numeric(10,2), joined timestamptz)",
                "INSERT INTO users SELECT i, 'user' || i || '@example.com', i / 7.0, now() FROM generate_series(1, 3000) i",
                "CREATE TABLE " + ODD_STREAM + " (a text)",
                "INSERT INTO " + ODD_STREAM + " VALUES ('ein Wert'), (NULL)",
                "ANALYZE");
    }

    @AfterEach
    void dropTables() {
        source.close();
        target.close();
    }

    @Test
    void tablesArriveAndTheSummarySaysWhatWasDone() {
        CommandLineRun run = run("run", yaml("users", ODD_STREAM).writeTo(folder));

        assertThat(run.err(), run.code(), is(0));
        assertThat(TableComparison.differences(source, "users", target, "users"), is(empty()));
        assertThat(TableComparison.differences(source, ODD_TABLE, target, ODD_TABLE), is(empty()));
        assertThat(
                run.out(),
                allOf(
                        containsString("Pipeline test_copy, run "),
                        containsString("direct runner with 2 threads"),
                        containsString("\nusers "),
                        containsString("  3,000  "),
                        containsString("\nall "),
                        containsString("whole run, by the clock")));
        assertThat(run.complaints(), is(empty()));
    }

    @Test
    void programsGetTheSummaryAsJsonAndNothingElse() throws IOException {
        CommandLineRun run = run("run", "--json", yaml("users").writeTo(folder));

        assertThat(run.err(), is(""));
        assertThat(run.code(), is(0));
        JsonNode json = new ObjectMapper().readTree(run.out());
        assertThat(json.path("status").asText(), is("ok"));
        assertThat(json.path("pipeline").asText(), is("test_copy"));
        assertThat(json.path("runner").asText(), is("direct"));
        assertThat(json.path("rows").asLong(), is(3000L));
        assertThat(json.path("bytes").asLong(), greaterThan(100_000L));
        JsonNode stream = json.path("streams").get(0);
        assertThat(stream.path("stream").asText(), is("users"));
        assertThat(stream.path("rows_read").asLong(), is(3000L));
        assertThat(stream.path("rows").asLong(), is(3000L));
        assertThat(stream.path("refused").asLong(-1), is(0L));
        assertThat(json.path("refused").asLong(-1), is(0L));
        assertThat(json.path("nanos").path("source_read_nanos").asLong(), greaterThan(0L));
        assertThat(json.path("nanos").path("dest_write_nanos").asLong(), greaterThan(0L));
    }

    @Test
    void recordsThatTheDestinationRefusesAreLeftOutAndCounted() throws IOException {
        source.execute("CREATE TABLE numbers AS SELECT n AS id FROM generate_series(1::bigint, 1000) n");
        Path probe = Files.write(
                folder.resolve("probe.wasm"),
                ConnectorModule.bundled("probe-destination").bytes());
        String file = PipelineYaml.toProbe(source, probe, "{refuse_every: 100}", "numbers")
                .with("write_mode: append", "write_mode: append\n  on_data_error: skip")
                .writeTo(folder);

        CommandLineRun run = run("run", file);
        JsonNode json = new ObjectMapper().readTree(run("run", "--json", file).out());

        assertThat(run.err(), run.code(), is(0));
        assertThat(run.out(), matchesPattern("(?s).*stream +rows +refused .*numbers +990 +10 .*"));
        assertThat(json.path("rows").asLong(), is(990L));
        assertThat(json.path("refused").asLong(), is(10L));
        assertThat(json.path("streams").get(0).path("rows_read").asLong(), is(1000L));
        assertThat(json.path("streams").get(0).path("refused").asLong(), is(10L));
    }

    @Test
    void quietSaysNothing() {
        CommandLineRun run = run("run", "-q", yaml("users").writeTo(folder));

        assertThat(run.code(), is(0));
        assertThat(run.out() + run.err(), is(""));
    }

    @Test
    void appendingTwiceDoublesAndReplacingDoesNot() {
        String append = yaml("users").writeTo(folder);
        run("run", "-q", append);
        run("run", "-q", append);
        assertThat(target.value("SELECT count(*) FROM users"), is("6000"));

        CommandLineRun run = run(
                "run",
                "-q",
                yaml("users").with("write_mode: append", "write_mode: replace").writeTo(folder));

        assertThat(run.err(), run.code(), is(0));
        assertThat(TableComparison.differences(source, "users", target, "users"), is(empty()));
        assertThat(target.relations().toString(), is("[users]"));
    }

    @Test
    void columnsAndTheirOrderAreTheFilesChoice() {
        PipelineYaml yaml = yaml("users").with("- name: 'users'", "- {name: users, columns: [email, id]}");

        CommandLineRun run = run("run", "-q", yaml.writeTo(folder));

        assertThat(run.err(), run.code(), is(0));
        assertThat(target.value("SELECT t FROM users t WHERE id = 7"), is("(user7@example.com,7)"));
    }

    @Test
    void checkFindsNothingWrongAndWritesNothing() {
        CommandLineRun run = run("check", yaml("users").writeTo(folder));

        assertThat(run.err(), run.code(), is(0));
        assertThat(
                run.out(),
                allOf(
                        containsString("source-postgres"),
                        containsString("dest-postgres"),
                        containsString("stream users")));
        assertThat(run.out(), not(containsString("FAILED")));
        assertThat(target.relations(), is(empty()));
    }

    @Test
    void whatCheckSaysFitsAPage() {
        target.execute("CREATE TABLE users (LIKE " + source.quoted() + ".users)");
        PipelineYaml keyless = yaml("users").with("write_mode: append", "write_mode: upsert\n  primary_key: [id]");

        for (PipelineYaml yaml : new PipelineYaml[] {yaml("users", ODD_STREAM), keyless}) {
            CommandLineRun run = run("check", yaml.writeTo(folder));

            assertThat(
                    run.out(), run.out().lines().map(TextTable::width).toList(), everyItem(is(lessThanOrEqualTo(80))));
            assertThat(run.out().replaceAll("\\s+", " "), containsString("stream users about 3,000 rows in 1 units"));
        }
    }

    @Test
    void discoverListsTheTables() throws IOException {
        String file = yaml("users").writeTo(folder);

        CommandLineRun text = run("discover", "-v", file);
        CommandLineRun json = run("discover", "--json", file);

        assertThat(text.err(), text.code(), is(0));
        assertThat(
                text.out(),
                allOf(containsString("users"), containsString("character varying(80)"), containsString("not null")));
        JsonNode streams = new ObjectMapper().readTree(json.out()).path("streams");
        boolean found = false;
        for (JsonNode stream : streams) {
            if (stream.path("namespace").asText().equals(source.name())
                    && stream.path("table").asText().equals("users")) {
                found = true;
                assertThat(stream.path("primary_key").toString(), is("[\"id\"]"));
                assertThat(stream.path("fields").size(), is(4));
            }
        }
        assertThat(json.out(), found, is(true));
    }

    @Test
    void aViewIsDividedByTheKeyTheFileNames() {
        source.execute(
                "CREATE VIEW many AS SELECT n AS id, 'row ' || n AS name FROM generate_series(1, 300000) n",
                "CREATE TABLE many_as_table AS TABLE many");
        String file =
                yaml("many").with("'many'\n", "many\n      partition_key: id\n").writeTo(folder);

        assertThat(run("check", file).out(), containsString("(key_ranges)"));
        CommandLineRun run = run("run", file);

        assertThat(run.err(), run.code(), is(0));
        assertThat(TableComparison.differences(source, "many_as_table", target, "many"), is(empty()));
    }

    @Test
    void theFlinkRunnerDoesTheSame() {
        CommandLineRun run =
                run("run", "--runner", "flink", yaml("users", ODD_STREAM).writeTo(folder));

        assertThat(run.err(), run.code(), is(0));
        assertThat(TableComparison.differences(source, "users", target, "users"), is(empty()));
        assertThat(run.out(), containsString("flink runner with 2 threads"));
        assertThat(run.complaints(), is(empty()));
    }

    private PipelineYaml yaml(String... streams) {
        return PipelineYaml.between(source, target, streams);
    }

    private static CommandLineRun run(String... arguments) {
        return CommandLineRun.of(PipelineYaml.ENVIRONMENT, arguments);
    }
}
