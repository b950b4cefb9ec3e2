// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.oneOf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.pipelines.state.StateDatabase;
import io.rapidbyte.testing.OwnThread;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs on a Flink cluster of other processes, which has nothing of ours but what a job brings along. */
@Tag("faults")
@Timeout(300)
class FlinkClusterTest {
    private static final int ROWS = 50_000;

    /** Far longer than any test waits. */
    private static final int SLOW_SECONDS = 600;

    @TempDir
    private static Path clusterFolder;

    private static FlinkCluster cluster;

    @TempDir
    private Path folder;

    private TestSchema source;
    private TestSchema target;
    private StateDatabase state;

    @BeforeAll
    static void startCluster() throws IOException {
        cluster = FlinkCluster.start(clusterFolder, 2);
    }

    @AfterAll
    static void stopCluster() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @BeforeEach
    void createTables() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        state = StateDatabase.create();
        source.execute("CREATE TABLE orders AS SELECT n AS id, repeat('x', 100) AS filler FROM generate_series(1, "
                + ROWS + ") n");
    }

    @AfterEach
    void dropTables() {
        state.close();
        source.close();
        target.close();
    }

    @Test
    void aFileRunsOnACluster() throws IOException {
        CommandLineRun run = CommandLineRun.of(PipelineYaml.ENVIRONMENT, arguments(yaml()));

        assertThat(run.err() + cluster.log(), run.code(), is(0));
        JsonNode json = new ObjectMapper().readTree(run.out());
        assertThat(json.path("rows").asInt(), is(ROWS));
        assertThat(json.path("counters").path("records_read").asInt(), is(ROWS));
        assertThat(json.at("/streams/0/worker_skew").asDouble(), is(greaterThanOrEqualTo(1.0)));
        assertThat(target.query("SELECT count(*), count(DISTINCT id) FROM orders"), contains(ROWS + "|" + ROWS));
    }

    @Test
    void whatFailsOnAWorkerIsSaidInTheConnectorsWords() throws IOException {
        target.execute("CREATE TABLE orders (id int CHECK (id < 40000), filler text)");

        CommandLineRun run = CommandLineRun.of(PipelineYaml.ENVIRONMENT, arguments(yaml()));

        assertThat(run.err(), run.code(), is(1));
        JsonNode error = new ObjectMapper().readTree(run.out()).path("error");
        assertThat(error.path("connector").asText(), is("dest-postgres"));
        assertThat(error.path("category").asText(), is("data"));
    }

    @Test
    void anInterruptedRunCancelsItsJobAndIsGoneOnWith() throws IOException, InterruptedException {
        sleepAtTheLastRow();
        Set<String> before = cluster.jobs().keySet();

        CommandLineRun run;
        try (RapidbyteProcess process = RapidbyteProcess.start(folder, PipelineYaml.ENVIRONMENT, arguments(yaml()))) {
            await("a worker is at work", () -> process.hasEnded() || !sleeping().isEmpty());
            process.signal("INT");
            run = process.await();
        }

        assertThat(run.err() + run.out(), run.code(), is(130));
        assertThat(jobsSince(before).values(), hasItem("CANCELED"));
        assertThat(jobsSince(before).values(), everyItem(is(oneOf("CANCELED", "FINISHED"))));
        await("no backend is left", () -> sleeping().isEmpty());
        String committed = target.query("SELECT count(*) FROM orders").get(0);
        assertThat("rows of the run that was interrupted", Long.parseLong(committed), is(greaterThan(0L)));

        target.execute("DROP TRIGGER last ON orders");
        CommandLineRun again = CommandLineRun.of(PipelineYaml.ENVIRONMENT, arguments(yaml()));

        assertThat(again.err() + cluster.log(), again.code(), is(0));
        assertThat(
                new ObjectMapper()
                        .readTree(again.out())
                        .at("/streams/0/resumed")
                        .asBoolean(),
                is(true));
        assertThat(target.query("SELECT count(*), count(DISTINCT id) FROM orders"), contains(ROWS + "|" + ROWS));
    }

    @Test
    void aJobThatNobodyCanBeAskedAboutAnyMoreIsNamedAndNothingRunsBesideIt() throws IOException {
        source.execute("CREATE TABLE customers AS SELECT 1 AS id");
        sleepAtTheLastRow();
        Set<String> before = cluster.jobs().keySet();
        Path patience = Files.createDirectory(folder.resolve("client"));
        Files.writeString(patience.resolve("flink-conf.yaml"), "rest.retry.max-attempts: 1\nrest.retry.delay: 10\n");
        PipelineYaml yaml = yaml("orders", "customers");

        CompletableFuture<CommandLineRun> running;
        try (Relay way = new Relay(cluster.port())) {
            String[] arguments = arguments(yaml, "127.0.0.1:" + way.port(), "--flinkConfDir=" + patience);
            running = CompletableFuture.supplyAsync(
                    () -> CommandLineRun.of(PipelineYaml.ENVIRONMENT, arguments), OwnThread.EACH);
            await("a worker is at work", () -> running.isDone() || !sleeping().isEmpty());
        }
        CommandLineRun run = running.join();

        assertThat(run.err() + run.out(), run.code(), is(1));
        assertThat("one job", jobsSince(before).values(), contains("RUNNING"));
        String job = jobsSince(before).keySet().iterator().next();
        assertThat(
                run.err(),
                allOf(
                        containsString("Job " + job + " could not be told to end"),
                        containsString(
                                "while job " + job + " was running there, and nobody can tell whether it has ended")));
        cluster.cancel(job);
        await(
                "it has ended",
                () -> jobsSince(before).get(job).equals("CANCELED")
                        && sleeping().isEmpty());
        target.execute("DROP TRIGGER last ON orders");

        CommandLineRun again = CommandLineRun.of(PipelineYaml.ENVIRONMENT, arguments(yaml));

        assertThat(again.err() + cluster.log(), again.code(), is(0));
        assertThat(target.query("SELECT count(*), count(DISTINCT id) FROM orders"), contains(ROWS + "|" + ROWS));
        assertThat(target.query("SELECT count(*) FROM customers"), contains("1"));
    }

    private void sleepAtTheLastRow() {
        target.execute(
                "CREATE TABLE orders (id int, filler text)",
                "CREATE FUNCTION sleep_at_the_last() RETURNS trigger LANGUAGE plpgsql AS" + " $$BEGIN PERFORM pg_sleep("
                        + SLOW_SECONDS + "); RETURN NEW; END$$",
                "CREATE TRIGGER last BEFORE INSERT ON orders FOR EACH ROW WHEN (NEW.id = " + ROWS
                        + ") EXECUTE FUNCTION sleep_at_the_last()");
    }

    /** The states of the jobs that came since there were only these. */
    private static Map<String, String> jobsSince(Set<String> before) {
        Map<String, String> jobs = cluster.jobs();
        jobs.keySet().removeAll(before);
        return jobs;
    }

    private PipelineYaml yaml() {
        return yaml("orders");
    }

    private PipelineYaml yaml(String... streams) {
        return PipelineYaml.between(source, target, streams)
                .with(
                        "resources:\n",
                        "state:\n  backend: postgres\n  connection: "
                                + state.location().connection()
                                + "\nresources:\n  max_batch_bytes: 256kb\n  checkpoint_interval_rows: 5000\n");
    }

    private String[] arguments(PipelineYaml yaml) {
        return arguments(yaml, cluster.master());
    }

    private String[] arguments(PipelineYaml yaml, String master, String... more) {
        return Stream.concat(
                        Stream.of(
                                "run",
                                "--json",
                                "--runner",
                                "flink",
                                yaml.writeTo(folder),
                                "--",
                                "--flinkMaster=" + master),
                        Stream.of(more))
                .toArray(String[]::new);
    }

    /** The backends that are in the slow trigger. */
    private List<String> sleeping() {
        return target.query("SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND position('"
                + target.name() + "' IN query) > 0");
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(90).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("a minute and a half passed, and it is not so that " + what);
            }
            Thread.onSpinWait();
        }
    }
}
