// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A store in a database that JDBC reaches. It has one connection, which threads use one after the other. */
final class JdbcStateStore implements StateStore {
    private static final Logger LOG = LoggerFactory.getLogger(JdbcStateStore.class);
    private static final DateTimeFormatter FOR_PEOPLE = DateTimeFormatter.ofPattern(
                    "uuuu-MM-dd HH:mm:ss 'UTC'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private static final String STREAM_COLUMNS = "run_id, stream, status, write_run_id, fingerprint, write_mode, plan,"
            + " attempts, rows_read, rows_written, refused, bytes, seconds, error_code, error_message";

    /** Which dead letters belong to a run: those of the batches that its streams were written with, under whichever run id that was. */
    private static final String LETTERS_OF_RUN = """
            FROM {dead_letters} l LEFT JOIN {run_streams} s ON s.run_id = ? AND s.stream = l.stream
            WHERE l.run_id = COALESCE(s.write_run_id, ?)
            """;

    private final Dialect dialect;

    /** Null when it is not connected. */
    private Connection connection;

    private JdbcStateStore(Dialect dialect) {
        this.dialect = dialect;
    }

    static JdbcStateStore open(Dialect dialect) {
        JdbcStateStore store = new JdbcStateStore(dialect);
        store.read(statements -> null);
        return store;
    }

    /** What is done with a connection. */
    private interface Work<T> {
        T apply(Statements statements) throws SQLException;
    }

    @Override
    public PipelineLock lock(String pipeline) {
        return dialect.tryLock(pipeline).orElseThrow(() -> new PipelineBusyException(busy(pipeline)));
    }

    private String busy(String pipeline) {
        return runs(pipeline, 1).stream()
                .filter(run -> run.status() == RunStatus.RUNNING)
                .findFirst()
                .map(run ->
                        "Pipeline %s is running already: run %s began at %s and goes on. Wait until it has ended, or stop it, and try again."
                                .formatted(pipeline, run.runId(), FOR_PEOPLE.format(run.started())))
                .orElse(
                        "Pipeline " + pipeline
                                + " is in use by another process, which is about to run it or resets its state. Wait until that has ended, and try again.");
    }

    @Override
    public void begin(RunRecord run) {
        write(statements -> {
            statements.update(
                    "UPDATE {runs} SET status = ?, ended = ? WHERE pipeline = ? AND status = ? AND run_id <> ?",
                    RunStatus.INTERRUPTED,
                    Instant.now(),
                    run.pipeline(),
                    RunStatus.RUNNING,
                    run.runId());
            statements.update(
                    """
                    INSERT INTO {runs} (run_id, pipeline, status, runner, started, ended, error_code, error_message)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id) DO NOTHING
                    """,
                    run.runId(),
                    run.pipeline(),
                    run.status(),
                    run.runner(),
                    run.started(),
                    run.ended(),
                    run.errorCode(),
                    run.errorMessage());
            return null;
        });
    }

    @Override
    public void plan(String pipeline, StreamRun stream) {
        write(statements -> {
            requireGoingOn(locked(statements, stream.runId()), stream.stream());
            statements.update(
                    """
                    UPDATE {run_streams} SET status = ? WHERE stream = ? AND status IN (?, ?) AND run_id IN (
                        SELECT r.run_id FROM {runs} r JOIN {runs} this ON this.run_id = ?
                        WHERE r.pipeline = ? AND r.sequence < this.sequence)
                    """,
                    StreamStatus.GIVEN_UP,
                    stream.stream(),
                    StreamStatus.BEGUN,
                    StreamStatus.FAILED,
                    stream.runId(),
                    pipeline);
            statements.update(
                    "DELETE FROM {run_streams} WHERE run_id = ? AND stream = ?", stream.runId(), stream.stream());
            statements.update(
                    "INSERT INTO {run_streams} (" + STREAM_COLUMNS
                            + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    stream.runId(),
                    stream.stream(),
                    stream.status(),
                    stream.writeRunId(),
                    stream.fingerprint(),
                    stream.writeMode(),
                    stream.plan(),
                    stream.attempts(),
                    stream.rowsRead(),
                    stream.rows(),
                    stream.refused(),
                    stream.bytes(),
                    stream.seconds(),
                    stream.errorCode(),
                    stream.errorMessage());
            return null;
        });
    }

    @Override
    public void complete(String runId, CompletedStream stream) {
        write(statements -> {
            RunRecord run = locked(statements, runId);
            StreamStatus status = statusOf(statements, runId, stream.stream());
            if (status == StreamStatus.DONE) {
                return null;
            }
            requireGoingOn(run, stream.stream());
            if (status == null || status == StreamStatus.GIVEN_UP) {
                throw new StateException(
                        "Stream %s of run %s cannot be completed in %s: it was %s. Its position stays as it was."
                                .formatted(
                                        stream.stream(),
                                        runId,
                                        dialect.name(),
                                        status == null ? "never planned" : "given up, by a reset or a teardown"),
                        false,
                        null);
            }
            statements.update(
                    """
                    UPDATE {run_streams} SET status = ?, rows_written = ?, refused = ?, bytes = ?, error_code = NULL, error_message = NULL
                    WHERE run_id = ? AND stream = ?
                    """, StreamStatus.DONE, stream.rows(), stream.refused(), stream.bytes(), runId, stream.stream());
            if (stream.position() != null) {
                store(statements, run.pipeline(), runId, stream);
            }
            return null;
        });
    }

    private static void store(Statements statements, String pipeline, String runId, CompletedStream stream)
            throws SQLException {
        PositionCursor cursor = PositionCursor.of(stream.position());
        statements.update(
                """
                INSERT INTO {positions} (pipeline, stream, position, cursor_field, cursor_type, cursor_value, route, run_id, updated)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (pipeline, stream) DO UPDATE SET position = excluded.position, cursor_field = excluded.cursor_field,
                    cursor_type = excluded.cursor_type, cursor_value = excluded.cursor_value, route = excluded.route, run_id = excluded.run_id,
                    updated = excluded.updated
                """,
                pipeline,
                stream.stream(),
                stream.position(),
                stream.cursorField() == null ? cursor.field() : stream.cursorField(),
                cursor.type(),
                cursor.value(),
                stream.route(),
                runId,
                Instant.now());
    }

    @Override
    public void report(StreamRun stream) {
        write(statements -> {
            // What is complete stays so, and so do its counts: a failure after the end is one of the run. What was
            // given up is not revived.
            int changed = statements.update(
                    """
                    UPDATE {run_streams} SET status = ?, attempts = ?, rows_read = ?, rows_written = ?, refused = ?, bytes = ?, seconds = ?,
                        error_code = ?, error_message = ?
                    WHERE run_id = ? AND stream = ? AND (status IN (?, ?) OR status = ?)
                    """,
                    stream.status(),
                    stream.attempts(),
                    stream.rowsRead(),
                    stream.rows(),
                    stream.refused(),
                    stream.bytes(),
                    stream.seconds(),
                    stream.errorCode(),
                    stream.errorMessage(),
                    stream.runId(),
                    stream.stream(),
                    StreamStatus.BEGUN,
                    StreamStatus.FAILED,
                    stream.status());
            if (changed == 0) {
                changed = statements.update(
                        """
                        UPDATE {run_streams} SET attempts = ?, rows_read = ?, seconds = ?, error_code = ?, error_message = ?
                        WHERE run_id = ? AND stream = ?
                        """,
                        stream.attempts(),
                        stream.rowsRead(),
                        stream.seconds(),
                        stream.errorCode(),
                        stream.errorMessage(),
                        stream.runId(),
                        stream.stream());
            }
            if (changed == 0) {
                throw unknown("stream " + stream.stream() + " of run " + stream.runId());
            }
            return null;
        });
    }

    @Override
    public void end(RunRecord run) {
        write(statements -> {
            int changed = statements.update(
                    """
                    UPDATE {runs} SET status = ?, ended = ?, error_code = ?, error_message = ? WHERE run_id = ? AND status = ?
                    """,
                    run.status(),
                    run.ended(),
                    run.errorCode(),
                    run.errorMessage(),
                    run.runId(),
                    RunStatus.RUNNING);
            if (changed == 0 && run(statements, run.runId()).isEmpty()) {
                throw unknown("run " + run.runId());
            }
            return null;
        });
    }

    @Override
    public List<StreamRun> unfinished(String pipeline) {
        return read(statements ->
                statements.query("""
                SELECT s.* FROM {run_streams} s JOIN {runs} r ON r.run_id = s.run_id
                WHERE r.pipeline = ? AND s.status IN (?, ?) AND r.sequence = (
                    SELECT MAX(latest.sequence) FROM {runs} latest JOIN {run_streams} of_it ON of_it.run_id = latest.run_id
                    WHERE latest.pipeline = r.pipeline AND of_it.stream = s.stream)
                ORDER BY s.stream
                """, JdbcStateStore::streamRun, pipeline, StreamStatus.BEGUN, StreamStatus.FAILED));
    }

    @Override
    public void giveUp(String pipeline, String stream) {
        write(statements -> {
            giveUp(statements, pipeline, stream);
            return null;
        });
    }

    /** What is complete in a run that did not end well is not done again by those that go on with it, unless it is forgotten. */
    private static void forgetComplete(Statements statements, String pipeline, String stream) throws SQLException {
        String all = "UPDATE {run_streams} SET status = ? WHERE status = ?"
                + " AND run_id IN (SELECT run_id FROM {runs} WHERE pipeline = ? AND status <> ?)";
        if (stream == null) {
            statements.update(all, StreamStatus.GIVEN_UP, StreamStatus.DONE, pipeline, RunStatus.DONE);
        } else {
            statements.update(
                    all + " AND stream = ?",
                    StreamStatus.GIVEN_UP,
                    StreamStatus.DONE,
                    pipeline,
                    RunStatus.DONE,
                    stream);
        }
    }

    private static void giveUp(Statements statements, String pipeline, String stream) throws SQLException {
        String all = "UPDATE {run_streams} SET status = ? WHERE status IN (?, ?)"
                + " AND run_id IN (SELECT run_id FROM {runs} WHERE pipeline = ?)";
        if (stream == null) {
            statements.update(all, StreamStatus.GIVEN_UP, StreamStatus.BEGUN, StreamStatus.FAILED, pipeline);
        } else {
            statements.update(
                    all + " AND stream = ?",
                    StreamStatus.GIVEN_UP,
                    StreamStatus.BEGUN,
                    StreamStatus.FAILED,
                    pipeline,
                    stream);
        }
    }

    @Override
    public List<RunRecord> runs(String pipeline, int most) {
        return read(statements -> statements.query(
                "SELECT * FROM {runs} WHERE pipeline = ? ORDER BY sequence DESC LIMIT ?",
                JdbcStateStore::runRecord,
                pipeline,
                most));
    }

    @Override
    public Optional<RunRecord> run(String runId) {
        return read(statements -> run(statements, runId));
    }

    private static Optional<RunRecord> run(Statements statements, String runId) throws SQLException {
        return statements.query("SELECT * FROM {runs} WHERE run_id = ?", JdbcStateStore::runRecord, runId).stream()
                .findFirst();
    }

    @Override
    public Optional<RunRecord> firstRun(String writeRunId) {
        return read(statements -> statements.query("""
                        SELECT * FROM {runs} WHERE sequence = (
                            SELECT MIN(r.sequence) FROM {runs} r JOIN {run_streams} s ON s.run_id = r.run_id WHERE s.write_run_id = ?)
                        """, JdbcStateStore::runRecord, writeRunId).stream()
                .findFirst());
    }

    @Override
    public List<StreamRun> streams(String runId) {
        return read(statements -> statements.query(
                "SELECT * FROM {run_streams} WHERE run_id = ? ORDER BY stream", JdbcStateStore::streamRun, runId));
    }

    @Override
    public List<StreamPosition> positions(String pipeline) {
        return read(statements -> statements.query(
                "SELECT * FROM {positions} WHERE pipeline = ? ORDER BY stream",
                row -> new StreamPosition(
                        row.text("pipeline"),
                        row.text("stream"),
                        row.text("position"),
                        row.text("cursor_field"),
                        row.text("cursor_type"),
                        row.text("cursor_value"),
                        row.text("route"),
                        row.text("run_id"),
                        row.instant("updated")),
                pipeline));
    }

    @Override
    public void reroute(String pipeline, String stream, String route) {
        write(statements -> statements.update(
                "UPDATE {positions} SET route = ? WHERE pipeline = ? AND stream = ?", route, pipeline, stream));
    }

    @Override
    public List<String> reset(String pipeline, String stream) {
        // Outside of what may be done twice, so that names are not forgotten with a connection that breaks after the
        // commit.
        Set<String> forgotten = new LinkedHashSet<>();
        write(statements -> {
            statements
                    .query(
                            "SELECT stream FROM {positions} WHERE pipeline = ? ORDER BY stream",
                            row -> row.text("stream"),
                            pipeline)
                    .stream()
                    .filter(each -> stream == null || each.equals(stream))
                    .forEach(forgotten::add);
            for (String each : forgotten) {
                statements.update("DELETE FROM {positions} WHERE pipeline = ? AND stream = ?", pipeline, each);
            }
            giveUp(statements, pipeline, stream);
            forgetComplete(statements, pipeline, stream);
            return null;
        });
        return List.copyOf(forgotten);
    }

    @Override
    public void keep(List<StoredDeadLetter> letters) {
        if (letters.isEmpty()) {
            return;
        }
        List<Object[]> rows = letters.stream()
                .map(letter -> new Object[] {
                    letter.runId(),
                    letter.stream(),
                    letter.identity(),
                    letter.category(),
                    letter.code(),
                    letter.reason(),
                    letter.record(),
                    letter.stored()
                })
                .toList();
        write(statements -> {
            statements.updateEach("""
                    INSERT INTO {dead_letters} (run_id, stream, identity, category, code, reason, record, stored)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id, stream, identity) DO NOTHING
                    """, rows);
            return null;
        });
    }

    @Override
    public List<StoredDeadLetter> deadLetters(String runId, int most) {
        return read(statements -> statements.query(
                "SELECT l.* " + LETTERS_OF_RUN + " ORDER BY l.sequence LIMIT ?",
                row -> new StoredDeadLetter(
                        row.text("run_id"),
                        row.text("stream"),
                        row.text("identity"),
                        row.text("category"),
                        row.text("code"),
                        row.text("reason"),
                        row.text("record"),
                        row.instant("stored")),
                runId,
                runId,
                most));
    }

    @Override
    public long deadLetterCount(String runId) {
        return read(statements -> statements
                .query("SELECT COUNT(*) AS letters " + LETTERS_OF_RUN, row -> row.number("letters"), runId, runId)
                .get(0));
    }

    @Override
    public synchronized void close() {
        disconnect();
    }

    /** Returns the run, which nobody else changes before the transaction ends. */
    private RunRecord locked(Statements statements, String runId) throws SQLException {
        return statements
                .query("SELECT * FROM {runs} WHERE run_id = ?{!locked}", JdbcStateStore::runRecord, runId)
                .stream()
                .findFirst()
                .orElseThrow(() -> unknown("run " + runId));
    }

    private void requireGoingOn(RunRecord run, String stream) {
        if (run.status() != RunStatus.RUNNING) {
            throw new StateException(
                    "Run %s of pipeline %s does not go on any more, it is %s in %s: another run has taken its place, or it was ended. Nothing of its stream %s was stored."
                            .formatted(
                                    run.runId(),
                                    run.pipeline(),
                                    run.status().name().toLowerCase(Locale.ROOT),
                                    dialect.name(),
                                    stream),
                    false,
                    null);
        }
    }

    private static StreamStatus statusOf(Statements statements, String runId, String stream) throws SQLException {
        return statements
                .query(
                        "SELECT status FROM {run_streams} WHERE run_id = ? AND stream = ?",
                        row -> row.word(StreamStatus.class, "status"),
                        runId,
                        stream)
                .stream()
                .findFirst()
                .orElse(null);
    }

    private StateException unknown(String what) {
        return new StateException(
                "Nothing is known of " + what + " in " + dialect.name() + "; is it the store that the run began in?",
                false,
                null);
    }

    private static RunRecord runRecord(Statements.Row row) throws SQLException {
        return new RunRecord(
                row.text("run_id"),
                row.text("pipeline"),
                row.word(RunStatus.class, "status"),
                row.text("runner"),
                row.instant("started"),
                row.instant("ended"),
                row.text("error_code"),
                row.text("error_message"));
    }

    private static StreamRun streamRun(Statements.Row row) throws SQLException {
        return new StreamRun(
                row.text("run_id"),
                row.text("stream"),
                row.word(StreamStatus.class, "status"),
                row.text("write_run_id"),
                row.text("fingerprint"),
                row.text("write_mode"),
                row.text("plan"),
                (int) row.number("attempts"),
                row.number("rows_read"),
                row.number("rows_written"),
                row.number("refused"),
                row.number("bytes"),
                row.real("seconds"),
                row.text("error_code"),
                row.text("error_message"));
    }

    /** Does what is a single query. */
    private <T> T read(Work<T> work) {
        return connected(each -> work.apply(new Statements(dialect, each)));
    }

    /** Does all of it in one transaction, or nothing. */
    private <T> T write(Work<T> work) {
        return connected(each -> {
            each.setAutoCommit(false);
            T result;
            try {
                result = work.apply(new Statements(dialect, each));
                each.commit();
            } catch (SQLException | RuntimeException e) {
                try {
                    each.rollback();
                    each.setAutoCommit(true);
                } catch (SQLException again) {
                    // A connection that cannot even go back is of no use.
                    e.addSuppressed(again);
                    disconnect();
                }
                throw e;
            }
            each.setAutoCommit(true);
            return result;
        });
    }

    /** What is done with a connection. */
    private interface Use<T> {
        T apply(Connection connection) throws SQLException;
    }

    /**
     * Does it, once more on a new connection when the first was lost. That is safe even where the loss hid a commit: every method can be
     * called twice.
     */
    private synchronized <T> T connected(Use<T> use) {
        for (boolean again = false; ; again = true) {
            boolean connected = false;
            try {
                if (connection == null) {
                    connection = dialect.open();
                }
                connected = true;
                return use.apply(connection);
            } catch (SQLException e) {
                boolean lost = connected && dialect.isTransient(e);
                if (lost) {
                    disconnect();
                }
                if (!lost || again) {
                    throw dialect.failure(e);
                }
                LOG.info("The connection to {} was lost and is made again.", dialect.name(), e);
            }
        }
    }

    private void disconnect() {
        if (connection != null) {
            try {
                connection.close();
            } catch (SQLException e) {
                LOG.debug("{} could not be closed", dialect.name(), e);
            }
            connection = null;
        }
    }
}
