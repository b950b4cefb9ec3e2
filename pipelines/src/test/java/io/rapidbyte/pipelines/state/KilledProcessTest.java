// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A process that is killed leaves nothing half, and no lock. */
@Timeout(300)
class KilledProcessTest {
    private static final int AT_ONCE = 4;

    @TempDir
    Path folder;

    private final List<StateDatabase> databases = new ArrayList<>();

    @AfterEach
    void dropDatabases() {
        databases.forEach(StateDatabase::close);
    }

    @ParameterizedTest
    @EnumSource
    void aKilledProcessHoldsNoLock(StateLocation.Backend backend) throws Exception {
        StateLocation location = location(backend);
        try (StateStore store = StateStores.open(location);
                StateProcess holder = StateProcess.start(location, "lock", "shop")) {
            assertThat(holder.line(), is("locked"));
            assertThrows(PipelineBusyException.class, () -> store.lock("shop"));
            // A lock of the same file that this process gives back does not concern the other one.
            try (PipelineLock other = store.lock("other")) {
                assertThat(other.isHeld(), is(true));
            }
            assertThrows(PipelineBusyException.class, () -> store.lock("shop"));

            holder.kill();
            awaitFree(backend, store);
        }
    }

    @ParameterizedTest
    @EnumSource
    void closingOneLockLeavesTheOthersOfTheProcess(StateLocation.Backend backend) throws Exception {
        StateLocation location = location(backend);
        try (StateStore store = StateStores.open(location);
                PipelineLock shop = store.lock("shop")) {
            store.lock("other").close();
            StateStores.open(location).close();
            assertThat(shop.isHeld(), is(true));

            try (StateProcess second = StateProcess.start(location, "lock", "shop")) {
                assertThat(second.line(), containsString("Pipeline shop is in use by another process"));
                assertThat(second.line(), is(nullValue()));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void processesThatMakeAStoreAtOnceMakeItTogether(StateLocation.Backend backend) throws Exception {
        StateLocation location = location(backend);
        List<StateProcess> processes = new ArrayList<>();
        for (int i = 0; i < AT_ONCE; i++) {
            processes.add(StateProcess.start(location, "open", "p" + i));
        }
        for (StateProcess each : processes) {
            assertThat(each.line(), is("opened"));
            assertThat(each.exit(), is(0));
        }
        try (StateStore store = StateStores.open(location)) {
            for (int i = 0; i < AT_ONCE; i++) {
                assertThat(store.runs("p" + i, 10), hasSize(1));
            }
        }
    }

    @Test
    void aProcessThatIsKilledAmongTransactionsLeavesWholeOnes() throws Exception {
        StateLocation location = location(StateLocation.Backend.SQLITE);
        int acknowledged = 0;
        for (int time = 0; time < 3; time++) {
            try (StateProcess process = StateProcess.start(location, "runs", String.valueOf(acknowledged + 2))) {
                for (int line = 0; line < 40 + 13 * time; line++) {
                    acknowledged = Integer.parseInt(process.line());
                }
                process.kill();
                for (String line = process.line(); line != null; line = process.line()) {
                    acknowledged = Integer.parseInt(line);
                }
            }
            assertThat(integrity(location), is("ok"));
            try (StateStore store = StateStores.open(location)) {
                assertWhole(store, "shop");
                int last = Integer.parseInt(store.positions("shop").get(0).cursorValue());
                assertThat(last, greaterThanOrEqualTo(acknowledged));
                assertThat(last, lessThanOrEqualTo(acknowledged + 1));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void whoEndsBetweenAnyTwoStatementsLeavesWholeTransactions(StateLocation.Backend backend) throws Exception {
        StateLocation location = location(backend);
        Dialect dialect = backend == StateLocation.Backend.SQLITE
                ? SqliteDialect.of(location.connection())
                : new PostgresDialect(PostgresConnection.parse(location.connection()));
        try (StateStore store = StateStores.open(location)) {
            int steps = 0;
            for (boolean died = true; died; steps++) {
                String pipeline = "p" + steps + "-";
                died = dies(DyingDialect.of(dialect, steps), pipeline);

                assertWhole(store, pipeline);
                // Whoever comes next is not in the way of what the dead one had begun.
                StateProcess.cycle(store, pipeline, 3);
            }
            assertThat(steps, greaterThan(40));
        }
    }

    private static boolean dies(Dialect dialect, String pipeline) {
        try (StateStore store = JdbcStateStore.open(dialect)) {
            StateProcess.cycle(store, pipeline, 1);
            StateProcess.cycle(store, pipeline, 2);
            return false;
        } catch (DyingDialect.Died e) {
            return true;
        }
    }

    /** What is true between any two transactions of {@link StateProcess}, and nowhere within one. */
    private static void assertWhole(StateStore store, String pipeline) {
        List<RunRecord> runs = store.runs(pipeline, 1_000_000);
        assertThat(
                runs.stream()
                        .skip(1)
                        .filter(run -> run.status() != RunStatus.INTERRUPTED)
                        .toList(),
                empty());
        for (StreamPosition position : store.positions(pipeline)) {
            StreamRun done = store.streams(position.runId()).stream()
                    .filter(each -> each.stream().equals(position.stream()))
                    .findFirst()
                    .orElseThrow();
            assertThat(done.status(), is(StreamStatus.DONE));
            assertThat(position.cursorValue(), is(String.valueOf(done.rows())));
            assertThat(position.runId(), is(pipeline + position.cursorValue()));
        }
        for (RunRecord run : runs.subList(0, Math.min(runs.size(), 3))) {
            for (StreamRun stream : store.streams(run.runId())) {
                boolean done = stream.status() == StreamStatus.DONE;
                assertThat(stream.rows() > 0, is(done));
                if (done) {
                    int reached = store.positions(pipeline).stream()
                            .filter(each -> each.stream().equals(stream.stream()))
                            .mapToInt(each -> Integer.parseInt(each.cursorValue()))
                            .sum();
                    assertThat((long) reached, greaterThanOrEqualTo(stream.rows()));
                }
            }
            // Two letters of a stream come in one transaction.
            assertThat(store.deadLetterCount(run.runId()) % 2, is(0L));
        }
        assertThat(
                store.unfinished(pipeline).stream()
                        .map(StreamRun::stream)
                        .distinct()
                        .count(),
                is((long) store.unfinished(pipeline).size()));
    }

    /** A server notices the end of a process a moment after it, a system at once. */
    private static void awaitFree(StateLocation.Backend backend, StateStore store) {
        boolean free = IntStream.range(0, backend == StateLocation.Backend.POSTGRES ? 10_000 : 1)
                .anyMatch(attempt -> {
                    try {
                        store.lock("shop").close();
                        return true;
                    } catch (PipelineBusyException e) {
                        return false;
                    }
                });
        assertThat("the lock is free", free, is(true));
    }

    private static String integrity(StateLocation location) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + location.connection());
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("PRAGMA integrity_check")) {
            return row.getString(1);
        }
    }

    private StateLocation location(StateLocation.Backend backend) throws IOException {
        if (backend == StateLocation.Backend.SQLITE) {
            return new StateLocation(
                    backend,
                    Files.createTempDirectory(folder, "state")
                            .resolve("shop.state.db")
                            .toString());
        }
        databases.add(StateDatabase.create());
        return databases.get(databases.size() - 1).location();
    }
}
