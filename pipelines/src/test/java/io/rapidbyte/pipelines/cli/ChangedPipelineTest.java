// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.pipelines.state.PipelineLock;
import io.rapidbyte.pipelines.state.StateLocation;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StateStores;
import io.rapidbyte.pipelines.state.StreamPosition;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A pipeline file is pointed at something else after a run: a position that is no longer one of it leaves out no rows. */
@Timeout(120)
class ChangedPipelineTest {
    private static final String ROLE = "changes_its_password";

    @TempDir
    Path folder;

    private TestSchema source;
    private TestSchema other;
    private TestSchema target;
    private String file;

    @BeforeEach
    void runOnce() {
        source = PostgresServer.shared().newSchema();
        other = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        for (TestSchema schema : List.of(source, other)) {
            schema.execute(
                    "create table events as select n as id, 'event ' || n as note from generate_series(1, 100) n",
                    "alter table events add primary key (id)");
        }
        file = yaml().writeTo(folder);
        assertThat(run("run", file).code(), is(0));
        source.execute("insert into events select n, 'late' from generate_series(101, 110) n");
    }

    @AfterEach
    void dropSchemas() {
        target.close();
        other.close();
        source.close();
    }

    @Test
    void aFileThatReadsAnotherSchemaIsRefusedUntilTheStreamIsReset() throws IOException {
        yaml().with("schema: " + source.name(), "schema: " + other.name()).writeTo(folder);
        StreamPosition before = position();

        CommandLineRun refused = run("run", file);

        assertThat(refused.code(), is(2));
        assertThat(
                refused.complaints(),
                is(List.of(
                        "Stream events of pipeline test_copy cannot go on from where it ended, because rows would be left out:"
                                + " source.config.schema was " + source.name() + " and is now " + other.name()
                                + ". Undo the change in " + file + ", or begin anew with `rapidbyte state reset " + file
                                + " --stream events`, or, if these are the same rows and the same target under another name, go on with"
                                + " `rapidbyte state accept " + file + " --stream events`.")));
        assertThat(rows(), is("100"));
        assertThat(position(), is(before));
        target.execute("truncate events");
        assertThat(run("state", "reset", file, "--stream", "events").code(), is(0));
        CommandLineRun anew = run("run", file);
        assertThat(anew.err(), anew.code(), is(0));
        assertThat(rows(), is("100"));
        assertThat(position().route(), containsString(other.name()));
    }

    /** What people copy into a shell means there what it says here. */
    @Test
    void theCommandsOfARefusalAreQuotedForAShell() throws IOException {
        source.execute("create table \"it's new\" as select 1 as id");
        Path sub = Files.createDirectory(folder.resolve("my files"));
        PipelineYaml spaced = yaml().with("'events'", "\"it's new\"");
        String path = spaced.writeTo(sub);
        assertThat(run("run", path).code(), is(0));
        spaced.with("schema: " + source.name(), "schema: " + other.name()).writeTo(sub);

        CommandLineRun refused = run("run", path);

        assertThat(refused.code(), is(2));
        assertThat(refused.err(), containsString("`rapidbyte state reset '" + path + "' --stream 'it'\\''s new'`"));
    }

    @Test
    void aFileThatWritesToAnotherSchemaIsRefusedAndWritesNothing() {
        yaml().with("schema: " + target.name(), "schema: " + other.name()).writeTo(folder);
        other.execute("drop table events");

        CommandLineRun refused = run("run", file);

        assertThat(refused.code(), is(2));
        assertThat(
                refused.err(),
                containsString("destination.config.schema was " + target.name() + " and is now " + other.name()));
        assertThat(other.relations(), is(List.of()));
    }

    /** Neither has to be there: the file is refused before anyone is connected to. */
    @Test
    void aFileThatNamesAnotherDatabaseOnAnotherServerIsRefused() {
        yaml().with("host: " + PostgresServer.shared().host(), "host: nowhere.invalid")
                .with("database: " + PostgresServer.shared().database(), "database: missing")
                .writeTo(folder);

        CommandLineRun refused = run("run", file);

        assertThat(refused.code(), is(2));
        assertThat(
                refused.err(),
                containsString("source.config.database was "
                        + PostgresServer.shared().database() + " and is now missing; source.config.host was "
                        + PostgresServer.shared().host() + " and is now nowhere.invalid."));
        assertThat(rows(), is("100"));
    }

    @Test
    void allStreamsOfWhichTheSameHasChangedAreInOneSentence() {
        other.execute("create table users as select 1 as id");
        source.execute("create table users as select 1 as id");
        String users = "cursor_field: id\n    - name: users\n      sync_mode: incremental\n      cursor_field: id";
        yaml().with("cursor_field: id", users).writeTo(folder);
        assertThat(run("run", file).code(), is(0));
        yaml().with("cursor_field: id", users)
                .with("schema: " + source.name(), "schema: " + other.name())
                .writeTo(folder);

        CommandLineRun refused = run("run", file);

        assertThat(refused.complaints().size(), is(1));
        assertThat(
                refused.complaints().get(0),
                allOf(
                        startsWith("Streams events, users of pipeline test_copy cannot go on from where they ended"),
                        containsString("`rapidbyte state reset " + file + " --stream events --stream users`")));
    }

    @Test
    void whatIsSaidOfThePositionIsSaidBeforeTheRun() throws IOException {
        JsonNode fits = json("state", "show", "--json", file).path("positions").path(0);
        CommandLineRun fitting = run("state", "show", file);
        yaml().with("cursor_field: id", "cursor_field: id\n      tie_breaker_field: note")
                .writeTo(folder);

        CommandLineRun shown = run("state", "show", file);
        JsonNode changed =
                json("state", "show", "--json", file).path("positions").path(0);

        assertThat(fits.path("changes").isArray() && fits.path("changes").isEmpty(), is(true));
        assertThat(fitting.out(), not(containsString("refused")));
        assertThat(
                shown.out(),
                containsString(
                        "\nThe next run will be refused:\nStream events of pipeline test_copy cannot go on from where it"
                                + " ended, because rows would be left out: tie_breaker_field was not set and is now note. Undo"));
        assertThat(changed.path("changes").path(0).asText(), is("tie_breaker_field was not set and is now note"));
    }

    @Test
    void aTargetThatHasMovedIsGoneOnWithWhenThatIsAccepted() {
        other.execute("drop table events");
        target.execute("alter table events set schema " + other.quoted());
        yaml().with("schema: " + target.name(), "schema: " + other.name()).writeTo(folder);
        assertThat(run("run", file).code(), is(2));

        CommandLineRun accepted = run("state", "accept", file, "--stream", "events");
        CommandLineRun again = run("state", "accept", file, "--all");

        String change = "destination.config.schema was " + target.name() + " and is now " + other.name();
        assertThat(accepted.out(), is("events: goes on from id = 100, although " + change + ".\n"));
        assertThat(again.out(), is("events: goes on from id = 100; nothing has changed.\n"));
        CommandLineRun next = run("run", file);
        assertThat(next.err(), next.code(), is(0));
        assertThat(other.value("select count(*) from events"), is("110"));
    }

    @Test
    void whatIsAcceptedIsSaidToPrograms() throws IOException {
        yaml().with("host: " + PostgresServer.shared().host(), "host: moved.invalid")
                .writeTo(folder);

        JsonNode accepted = json("state", "accept", "--json", file, "--all")
                .path("accepted")
                .path(0);

        assertThat(accepted.path("stream").asText(), is("events"));
        assertThat(accepted.path("position").path("cursor_value").asText(), is("100"));
        assertThat(accepted.path("changes").path(0).asText(), containsString("moved.invalid"));
        assertThat(
                json("state", "accept", "--json", file, "--all")
                        .path("accepted")
                        .path(0)
                        .path("changes")
                        .isEmpty(),
                is(true));
    }

    @Test
    void nothingIsAcceptedOfStreamsThatAreNotThereOrOfAPipelineThatRuns() {
        CommandLineRun unknown = run("state", "accept", file, "--stream", "evnets");

        assertThat(unknown.code(), is(2));
        assertThat(
                unknown.err(),
                is(
                        "The file of pipeline test_copy has no stream 'evnets'; did you mean 'events'? Nothing was changed.\n"));
        try (StateStore store = StateStores.open(state());
                PipelineLock lock = store.lock("test_copy")) {
            assertThat(lock.isHeld(), is(true));
            assertThat(run("state", "accept", file, "--all").code(), is(ExitCode.FAILED.code()));
        }
        assertThat(run("state", "reset", file, "--all").code(), is(0));
        assertThat(
                run("state", "accept", file, "--stream", "events").out(),
                is("events: there is no position to go on from.\n"));
        assertThat(
                run("state", "accept", file, "--all").out(),
                is("Pipeline test_copy has no positions to go on from.\n"));
    }

    @Test
    void anotherUserAnotherPasswordAndAColumnMoreAreNoChange() throws SQLException {
        source.executeAsSuperuser(
                "drop role if exists " + ROLE,
                "create role " + ROLE + " login password 'first-s3cret'",
                "grant usage on schema " + source.quoted() + " to " + ROLE,
                "grant select on all tables in schema " + source.quoted() + " to " + ROLE);
        try {
            yaml().with("user: " + PostgresServer.USER, "user: " + ROLE)
                    .with("password: ${TEST_PASSWORD}", "password: ${ROLE_PASSWORD}\n    sslmode: prefer")
                    .writeTo(folder);
            assertThat(runAs("first-s3cret").code(), is(0));
            assertThat(rows(), is("110"));
            source.execute("alter table events add column more integer", "insert into events values (111, 'later', 1)");
            source.executeAsSuperuser("alter role " + ROLE + " password 'second-s3cret'");

            assertThat("the old one is refused", runAs("first-s3cret").code(), is(ExitCode.CONNECTION.code()));
            CommandLineRun next = runAs("second-s3cret");

            assertThat(next.err(), next.code(), is(0));
            assertThat(target.value("select count(*) || ' ' || max(more) from events"), is("111 1"));
            assertThat(position().route(), allOf(not(containsString("s3cret")), not(containsString(ROLE))));
        } finally {
            source.executeAsSuperuser("drop owned by " + ROLE, "drop role " + ROLE);
        }
    }

    @Test
    void aPositionOfAnOlderVersionIsTakenAsItIsOnce() throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + state().connection());
                var statement = connection.createStatement()) {
            statement.execute("UPDATE rapidbyte_positions SET route = NULL");
        }
        assertThat(position().route(), is(nullValue()));
        assertThat(run("state", "show", file).out(), not(containsString("refused")));

        assertThat(run("run", file).code(), is(0));

        assertThat(rows(), is("110"));
        assertThat(position().route(), containsString(source.name()));
        yaml().with("schema: " + source.name(), "schema: " + other.name()).writeTo(folder);
        assertThat(run("run", file).code(), is(2));
    }

    private PipelineYaml yaml() {
        return PipelineYaml.between(source, target, "events")
                .with("- name: 'events'", "- name: 'events'\n      sync_mode: incremental\n      cursor_field: id");
    }

    private String rows() {
        return target.value("select count(*) from events");
    }

    private StateLocation state() {
        return new StateLocation(
                StateLocation.Backend.SQLITE,
                folder.resolve("pipeline.state.db").toString());
    }

    private StreamPosition position() {
        try (StateStore store = StateStores.open(state())) {
            return store.positions("test_copy").get(0);
        }
    }

    private static CommandLineRun run(String... arguments) {
        return CommandLineRun.of(PipelineYaml.ENVIRONMENT, arguments);
    }

    private CommandLineRun runAs(String password) {
        return CommandLineRun.of(
                Map.of("TEST_PASSWORD", PostgresServer.PASSWORD, "ROLE_PASSWORD", password), "run", file);
    }

    private static JsonNode json(String... arguments) throws IOException {
        return new ObjectMapper().readTree(run(arguments).out());
    }
}
