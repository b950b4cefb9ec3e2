// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ctrl-C, and the signal of schedulers and containers, in a process of its own. */
@Timeout(120)
class InterruptedRunTest {
    private static final Logger LOG = LoggerFactory.getLogger(InterruptedRunTest.class);

    /** Far longer than any test waits. */
    private static final int SLOW_SECONDS = 600;

    @TempDir
    Path folder;

    private TestSchema source;
    private TestSchema target;

    @BeforeEach
    void createTables() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        // Its first rows come at once, and then no more for a long time.
        source.execute(
                "CREATE VIEW slow AS SELECT n AS id, repeat('x', 100) AS filler FROM generate_series(1, 200001) n"
                        + " WHERE n < 200000 OR pg_sleep(" + SLOW_SECONDS + ") IS NOT NULL");
        target.execute("CREATE TABLE slow (id int, filler text)", "INSERT INTO slow VALUES (-1, 'as it was')");
    }

    @AfterEach
    void dropTables() {
        source.close();
        target.close();
    }

    @Test
    void aSlowQueryIsEndedAndTheTargetIsAsItWas() throws IOException, InterruptedException {
        CommandLineRun run = interrupted(yaml(), "run", "-q");

        assertThat(run.err() + run.out(), run.code(), is(130));
        assertThat(run.out(), is(""));
        assertThat(run.err().lines().toList(), contains("Interrupted; what it had begun was cleaned up."));
        assertThat(target.relations(), contains("slow"));
        assertThat(target.query("SELECT * FROM slow"), contains("-1|as it was"));
    }

    @Test
    void soItIsOnFlink() throws IOException, InterruptedException {
        CommandLineRun run = interrupted(yaml(), "run", "-q", "--runner", "flink");

        assertThat(run.err() + run.out(), run.code(), is(130));
        assertThat(run.err().lines().toList(), contains("Interrupted; what it had begun was cleaned up."));
        assertThat(target.relations(), contains("slow"));
        assertThat(target.query("SELECT * FROM slow"), contains("-1|as it was"));
    }

    @Test
    void programsGetTheEndAsJson() throws IOException, InterruptedException {
        CommandLineRun run = interrupted(yaml(), "run", "--json");

        JsonNode json = new ObjectMapper().readTree(run.out());
        assertThat(run.err(), run.code(), is(130));
        assertThat(json.path("status").asText(), is("failed"));
        assertThat(json.path("exit_code").asInt(), is(130));
        assertThat(json.path("error").path("kind").asText(), is("interrupted"));
    }

    @Test
    void aRunThatIsToldToEndCleansUpTheSameWay() throws IOException, InterruptedException {
        CommandLineRun run = ended("TERM", yaml(), "run", "--json");

        JsonNode json = new ObjectMapper().readTree(run.out());
        assertThat(run.err(), run.code(), is(143));
        assertThat(json.path("exit_code").asInt(), is(143));
        assertThat(json.path("error").path("kind").asText(), is("interrupted"));
        assertThat(target.relations(), contains("slow"));
        assertThat(target.query("SELECT * FROM slow"), contains("-1|as it was"));
    }

    @Test
    void whatItHadCommittedWhenItWasToldToEndIsGoneOnWith() throws IOException, InterruptedException {
        source.execute(
                "CREATE TABLE wide AS SELECT n AS id, repeat('x', 100) AS filler FROM generate_series(1, 200000) n");
        target.execute(
                "CREATE TABLE wide (id int, filler text)",
                "CREATE FUNCTION sleep_at_the_last() RETURNS trigger LANGUAGE plpgsql AS" + " $$BEGIN PERFORM pg_sleep("
                        + SLOW_SECONDS + "); RETURN NEW; END$$",
                "CREATE TRIGGER last BEFORE INSERT ON wide FOR EACH ROW WHEN (NEW.id = 200000)"
                        + " EXECUTE FUNCTION sleep_at_the_last()");
        PipelineYaml yaml = PipelineYaml.between(source, target, "wide")
                .with("resources:\n", "resources:\n  max_batch_bytes: 256kb\n  checkpoint_interval_rows: 10000\n");

        CommandLineRun run = ended("TERM", yaml, "run", "-q");
        String committed = target.query("SELECT count(*) FROM wide").get(0);
        target.execute("DROP TRIGGER last ON wide");
        CommandLineRun again = CommandLineRun.of(PipelineYaml.ENVIRONMENT, "run", "--json", yaml.writeTo(folder));

        assertThat(run.err() + run.out(), run.code(), is(143));
        assertThat("rows of the run that was ended", Long.parseLong(committed), is(greaterThan(0L)));
        assertThat(again.err(), again.code(), is(0));
        assertThat(
                new ObjectMapper()
                        .readTree(again.out())
                        .at("/streams/0/resumed")
                        .asBoolean(),
                is(true));
        assertThat(
                target.query("SELECT count(*), count(DISTINCT id), sum(id::bigint) FROM wide"),
                contains("200000|200000|20000100000"));
    }

    /** Not only runs wait for servers. */
    @Test
    void aCheckThatWaitsForItsServerLeavesNoQueryBehind() throws IOException, InterruptedException {
        // So many rows that they are divided by their key, for which its limits are asked for.
        source.execute("CREATE OR REPLACE VIEW slow AS SELECT n AS id, repeat('x', 100) AS filler"
                + " FROM generate_series(1, 5000000) n WHERE n > 1 OR pg_sleep(" + SLOW_SECONDS + ") IS NOT NULL");
        PipelineYaml divided = yaml().with("'slow'\n", "slow\n      partition_key: id\n");

        CommandLineRun run = interrupted(divided, "check");

        assertThat(run.err() + run.out(), run.code(), is(130));
        assertThat(run.err().lines().count(), is(1L));
    }

    private PipelineYaml yaml() {
        return PipelineYaml.between(source, target, "slow").with("write_mode: append", "write_mode: replace");
    }

    private CommandLineRun interrupted(PipelineYaml yaml, String... arguments)
            throws IOException, InterruptedException {
        return ended("INT", yaml, arguments);
    }

    private CommandLineRun ended(String signal, PipelineYaml yaml, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(arguments));
        command.add(yaml.writeTo(folder));
        try (RapidbyteProcess process =
                RapidbyteProcess.start(folder, PipelineYaml.ENVIRONMENT, command.toArray(String[]::new))) {
            await(
                    "the query is at work",
                    () -> process.hasEnded() || !sleeping().isEmpty());
            long start = System.nanoTime();
            process.signal(signal);
            CommandLineRun run = process.await();
            LOG.info(
                    "{} ms from the signal to the end",
                    Duration.ofNanos(System.nanoTime() - start).toMillis());
            // A server takes a moment to notice.
            await("no backend is left", () -> backends().isEmpty());
            assertThat(sleeping(), is(empty()));
            return run;
        }
    }

    /** The backends that are in the slow query. */
    private List<String> sleeping() {
        return source.query("SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND (position('"
                + source.name() + "' IN query) > 0 OR position('" + target.name() + "' IN query) > 0)");
    }

    /** All backends that work on the tables of this test, but the one that asks. */
    private List<String> backends() {
        return source.query("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                + " AND application_name LIKE 'rapidbyte %' AND (position('" + source.name() + "' IN query) > 0"
                + " OR position('" + target.name() + "' IN query) > 0)");
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("a minute passed, and it is not so that " + what);
            }
            Thread.onSpinWait();
        }
    }
}
