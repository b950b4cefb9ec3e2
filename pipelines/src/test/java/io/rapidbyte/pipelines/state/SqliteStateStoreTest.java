// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import static io.rapidbyte.pipelines.state.SampleRuns.run;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SqliteStateStoreTest extends StateStoreContract {
    @TempDir
    Path folder;

    @Override
    StateLocation location() {
        return at(file());
    }

    @Override
    String storeName() {
        return "the state file " + file();
    }

    @Override
    void execute(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file());
                Statement statement = connection.createStatement()) {
            statement.execute(sql.replace("rapidbyte.", "rapidbyte_"));
        }
    }

    @Test
    void lookingForAFileMakesNone() throws IOException {
        Path absent = folder.resolve("absent.db");
        Path empty = Files.createFile(folder.resolve("empty.db"));
        Path inAbsentFolder = folder.resolve("no/such.db");

        for (Path each : List.of(absent, empty, inAbsentFolder)) {
            assertThat(StateStores.openExisting(at(each)).isPresent(), is(false));
        }

        assertThat(Files.exists(absent), is(false));
        assertThat(Files.size(empty), is(0L));
    }

    @Test
    void aFileThatHoldsSomethingElseKeepsIt() throws SQLException {
        Path file = folder.resolve("other.db");
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE runs (mine TEXT)");
            statement.execute("INSERT INTO runs VALUES ('kept')");
            assertThat(StateStores.openExisting(at(file)).isPresent(), is(false));
            try (StateStore store = StateStores.open(at(file))) {
                store.begin(run("shop", "r1"));
            }
            try (ResultSet row = statement.executeQuery("SELECT mine FROM runs")) {
                assertThat(row.getString(1), is("kept"));
            }
        }
    }

    @Test
    void everyPathThatASystemTakesIsOne() throws IOException {
        Path odd = Files.createDirectory(folder.resolve("a b?c=d&e#f%20g;ü"));
        Path file = odd.resolve("state?mode=memory.db");

        try (StateStore store = StateStores.open(at(file))) {
            store.begin(run("shop", "r1"));
            try (Stream<Path> files = Files.list(odd)) {
                assertThat(
                        files.map(each -> each.getFileName().toString()).toList(),
                        containsInAnyOrder(
                                "state?mode=memory.db",
                                "state?mode=memory.db-wal",
                                "state?mode=memory.db-shm",
                                "state?mode=memory.db.lock"));
            }
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.anyMatch(each -> each.getFileName().toString().equals("a b")), is(false));
        }
    }

    @Test
    void aConnectionCanSayThatItIsSqlite() {
        StateLocation location = new StateLocation(StateLocation.Backend.SQLITE, "sqlite:" + file());

        assertThat(StateStores.describe(location), is(storeName()));
    }

    @Test
    void linksLeadToTheSameLock() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link.db"), file());
        try (StateStore direct = StateStores.open(location());
                StateStore linked = StateStores.open(at(link));
                PipelineLock lock = direct.lock("shop")) {
            assertThat(lock.isHeld(), is(true));
            assertThrows(PipelineBusyException.class, () -> linked.lock("shop"));
        }
    }

    @Test
    void aThreadThatIsInterruptedFreesNoLock() {
        try (StateStore store = StateStores.open(location());
                PipelineLock lock = store.lock("shop")) {
            Thread.currentThread().interrupt();
            try {
                StateStores.open(location()).close();
                store.lock("other").close();
            } finally {
                Thread.interrupted();
            }

            assertThat(lock.isHeld(), is(true));
        }
    }

    @Test
    void aFolderThatIsNotThere() {
        Path file = folder.resolve("no/such.db");

        assertMisconfigured(
                at(file),
                "There can be no state file " + file + ": the folder " + file.getParent()
                        + " does not exist. Create the folder, or give another path in state.connection.");
    }

    @Test
    void aFileInThePlaceOfTheFolder() throws IOException {
        Path plain = Files.createFile(folder.resolve("plain"));

        assertMisconfigured(
                at(plain.resolve("state.db")),
                "There can be no state file " + plain.resolve("state.db") + ": " + plain
                        + " is no folder. Create the folder, or give another path in state.connection.");
    }

    @Test
    void aFolderInThePlaceOfTheFile() {
        assertMisconfigured(
                at(folder),
                "There can be no state file " + folder
                        + ": this is a folder. Give the path of a file in state.connection.");
        assertThrows(StateException.class, () -> StateStores.openExisting(at(folder)));
    }

    @Test
    void aFileThatIsNoDatabase() throws IOException {
        Path text = Files.writeString(folder.resolve("notes.txt"), "This is what I wrote down for later. ".repeat(100));
        String sentence = "What is in the state file " + text
                + " is no SQLite database. Give another path in state.connection, or move the file away.";

        assertMisconfigured(at(text), sentence);
        assertThat(
                assertThrows(StateException.class, () -> StateStores.openExisting(at(text)))
                        .getMessage(),
                is(sentence));
        assertThat(Files.readString(text), startsWith("This is what I wrote down"));
    }

    @Test
    void aDamagedFile() throws IOException {
        try (StateStore store = StateStores.open(location())) {
            store.begin(run("shop", "r1"));
        }
        closeStore();
        byte[] bytes = Files.readAllBytes(file());
        for (int i = 100; i < bytes.length; i++) {
            bytes[i] = (byte) 0xa5;
        }
        Files.write(file(), bytes);

        StateException failed = assertThrows(StateException.class, () -> StateStores.open(location()));

        assertThat(failed.getMessage(), startsWith("The state file " + file() + " is damaged ("));
        assertThat(failed.isMisconfigured(), is(true));
    }

    @Test
    void aFolderThatMayNotBeWritten() throws IOException {
        Path closed = Files.createDirectory(folder.resolve("closed"));
        closed.toFile().setWritable(false);
        assumeFalse(Files.isWritable(closed), "this user may write everywhere");

        StateException failed =
                assertThrows(StateException.class, () -> StateStores.open(at(closed.resolve("state.db"))));

        assertThat(
                failed.getMessage(),
                allOf(
                        startsWith("The state file " + closed.resolve("state.db") + " cannot be written ("),
                        containsString("Let this user write to the file and to its folder")));
        assertThat(failed.isMisconfigured(), is(false));
    }

    @ParameterizedTest
    @ValueSource(strings = {"postgres://u:s3cret@h/db", "jdbc:postgresql://h/db?password=s3cret"})
    void aServerIsNoFile(String connection) {
        assertMisconfigured(
                new StateLocation(StateLocation.Backend.SQLITE, connection),
                "state.connection is how to connect to a Postgres server, and state.backend is sqlite, which keeps a file."
                        + " Set state.backend to postgres, or give the path of a file.");
    }

    @Test
    void nothingIsNoPath() {
        assertMisconfigured(
                new StateLocation(StateLocation.Backend.SQLITE, "sqlite:"),
                "state.connection is not the path of a file (it is empty). Give the path of a file, as in shop.state.db.");
    }

    @Test
    void whatIsCommittedSurvivesAPowerCut() throws SQLException {
        // The settings that SQLite's manual asks for: a journal that is synced at each commit.
        try (Connection connection = SqliteDialect.of(file().toString()).open();
                Statement statement = connection.createStatement()) {
            assertThat(pragma(statement, "journal_mode"), is("wal"));
            assertThat(pragma(statement, "synchronous"), is("2"));
            assertThat(pragma(statement, "fullfsync"), is("1"));
            assertThat(pragma(statement, "foreign_keys"), is("1"));
            assertThat(pragma(statement, "busy_timeout"), is("30000"));
        }
    }

    private static String pragma(Statement statement, String name) throws SQLException {
        try (ResultSet row = statement.executeQuery("PRAGMA " + name)) {
            return row.getString(1);
        }
    }

    private Path file() {
        try {
            return folder.toRealPath().resolve("shop.state.db");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static StateLocation at(Path file) {
        return new StateLocation(StateLocation.Backend.SQLITE, file.toString());
    }

    private static void assertMisconfigured(StateLocation location, String sentence) {
        StateException refused = assertThrows(StateException.class, () -> StateStores.open(location));

        assertThat(refused.getMessage(), is(sentence));
        assertThat(refused.isMisconfigured(), is(true));
    }
}
