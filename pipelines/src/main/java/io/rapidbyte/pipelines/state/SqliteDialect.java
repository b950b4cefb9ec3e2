// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import java.io.IOException;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;

/** A store in a SQLite file, for the processes of one machine. */
final class SqliteDialect implements Dialect {
    private static final Logger LOG = LoggerFactory.getLogger(SqliteDialect.class);

    /** How long one waits for what another one is writing. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(5);

    /** The byte of the lock file that is locked while a store is opened; the others are those of pipelines. */
    private static final long OPENING = 0;

    /** Of one length, so that text is in the order of time. */
    private static final DateTimeFormatter TIMESTAMP = DateTimeFormatter.ofPattern(
                    "uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private final Path file;

    private SqliteDialect(Path file) {
        this.file = file;
    }

    /**
     * The dialect of a file.
     *
     * @throws StateException when the connection is no path
     */
    static SqliteDialect of(String connection) {
        return new SqliteDialect(path(connection).toAbsolutePath().normalize());
    }

    /** Returns the path of a connection, {@code path} or {@code sqlite:path}. */
    static Path path(String connection) {
        String path = connection.startsWith("sqlite:") ? connection.substring("sqlite:".length()) : connection;
        if (path.matches("(?is)(jdbc:)?postgres(ql)?:.*")) {
            throw new StateException(
                    "state.connection is how to connect to a Postgres server, and state.backend is sqlite, which keeps a file. Set state.backend to"
                            + " postgres, or give the path of a file.",
                    true,
                    null);
        }
        try {
            if (path.isBlank()) {
                throw new InvalidPathException(path, "it is empty");
            }
            return Path.of(path);
        } catch (InvalidPathException e) {
            throw new StateException(
                    "state.connection is not the path of a file (" + e.getReason()
                            + "). Give the path of a file, as in shop.state.db.",
                    true,
                    e);
        }
    }

    @Override
    public String name() {
        return "the state file " + file;
    }

    @Override
    public boolean exists() {
        try {
            if (!Files.exists(file) || (Files.isRegularFile(file) && Files.size(file) == 0)) {
                return false;
            }
            requireFile();
            try (Connection connection = connect(true)) {
                return hasTables(connection);
            }
        } catch (IOException e) {
            throw unreadable(e);
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    @Override
    public Connection open() throws SQLException {
        requireFile();
        // One after the other: while a new file is made one that others write to, SQLite turns these away at once,
        // whatever their patience.
        try (SqliteLockFile lockFile = SqliteLockFile.of(file);
                FileLock opening = opening(lockFile)) {
            LOG.debug("{} is opened under {}", file, opening);
            Connection connection = connect(false);
            try {
                Migrations.apply(this, connection);
            } catch (SQLException | RuntimeException e) {
                connection.close();
                throw e;
            }
            return connection;
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private void requireFile() {
        Path folder = file.getParent();
        if (folder == null || Files.isDirectory(file)) {
            throw new StateException(
                    "There can be no state file " + file
                            + ": this is a folder. Give the path of a file in state.connection.",
                    true,
                    null);
        }
        if (!Files.isDirectory(folder)) {
            throw new StateException(
                    "There can be no state file " + file + ": "
                            + (Files.exists(folder)
                                    ? folder + " is no folder."
                                    : "the folder " + folder + " does not exist.")
                            + " Create the folder, or give another path in state.connection.",
                    true,
                    null);
        }
    }

    private FileLock opening(SqliteLockFile lockFile) throws IOException {
        long begin = System.nanoTime();
        while (true) {
            // Looked at again and again, because an interrupt would end a call that waits by closing the file, with all
            // locks on it.
            Optional<FileLock> lock = lockFile.tryLock(OPENING);
            if (lock.isPresent()) {
                return lock.get();
            }
            if (System.nanoTime() - begin > PATIENCE.toNanos()) {
                throw busy(null);
            }
            LockSupport.parkNanos(BETWEEN_LOOKS.toNanos());
        }
    }

    private Connection connect(boolean readOnly) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setBusyTimeout((int) PATIENCE.toMillis());
        config.enforceForeignKeys(true);
        if (readOnly) {
            config.setReadOnly(true);
        } else {
            // Who means to write says so at the beginning: two that read first and write then could only give up.
            config.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE);
            config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        }
        // As a URI, in which every character of a path can be written.
        Connection connection = config.createConnection("jdbc:sqlite:" + file.toUri());
        try (Statement statement = connection.createStatement()) {
            // A position that was stored has to be there after a power cut: its data are in the target.
            statement.execute("PRAGMA synchronous = FULL");
            // What macOS needs for the same.
            statement.execute("PRAGMA fullfsync = ON");
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
        return connection;
    }

    @Override
    public boolean hasTables(Connection connection) throws SQLException {
        return new Statements(this, connection)
                        .query(
                                "SELECT COUNT(*) AS tables FROM sqlite_master WHERE type = 'table' AND name = ?",
                                row -> row.number("tables"),
                                table("migrations"))
                        .get(0)
                > 0;
    }

    @Override
    public void beginMigration(Connection connection) {
        // The transaction keeps others out from its first statement on.
    }

    @Override
    public String table(String name) {
        // The file may be one that holds something else, too.
        return "rapidbyte_" + name;
    }

    @Override
    public String sequenceType() {
        return "INTEGER PRIMARY KEY AUTOINCREMENT";
    }

    @Override
    public String timestampType() {
        return "TEXT";
    }

    @Override
    public Object timestamp(Instant instant) {
        return TIMESTAMP.format(instant);
    }

    @Override
    public Instant instant(ResultSet row, String column) throws SQLException {
        String text = row.getString(column);
        return text == null ? null : Instant.parse(text);
    }

    @Override
    public String rowLock() {
        return "";
    }

    @Override
    public boolean isTransient(SQLException failure) {
        return false;
    }

    @Override
    public StateException failure(SQLException failure) {
        // The lower byte is the kind, the others refine it.
        int code = failure.getErrorCode() & 0xff;
        String reason = String.valueOf(failure.getMessage());
        if (code == SQLiteErrorCode.SQLITE_NOTADB.code) {
            return new StateException(
                    "What is in the state file " + file
                            + " is no SQLite database. Give another path in state.connection, or move the file away.",
                    true,
                    failure);
        }
        if (code == SQLiteErrorCode.SQLITE_CORRUPT.code) {
            return new StateException(
                    "The state file " + file + " is damaged (" + reason
                            + "). Put back a copy of it, or move it away, which has incremental streams read from their beginning.",
                    true,
                    failure);
        }
        if (code == SQLiteErrorCode.SQLITE_BUSY.code || code == SQLiteErrorCode.SQLITE_LOCKED.code) {
            return busy(failure);
        }
        if (code == SQLiteErrorCode.SQLITE_FULL.code) {
            return new StateException(
                    "The disk of the state file " + file + " is full. Make room, and try again.", false, failure);
        }
        boolean refused = code == SQLiteErrorCode.SQLITE_READONLY.code
                || code == SQLiteErrorCode.SQLITE_CANTOPEN.code
                || code == SQLiteErrorCode.SQLITE_PERM.code;
        if (refused) {
            return unwritable(failure);
        }
        return new StateException(
                "The state file " + file + " cannot be used (" + reason
                        + "). It has to be on a disk of this machine, not on one of the network, and no other program may change it.",
                false,
                failure);
    }

    private StateException busy(Exception cause) {
        return new StateUnavailableException(
                "Another process has kept the state file " + file + " locked for " + PATIENCE.toSeconds()
                        + " s. Find out what it does there, end it, and try again.",
                cause);
    }

    private StateException unwritable(Exception cause) {
        return new StateException(
                "The state file " + file + " cannot be written (" + cause.getMessage()
                        + "). Let this user write to the file and to its folder, or give another path in state.connection.",
                false,
                cause);
    }

    private StateException unreadable(Exception cause) {
        return new StateException(
                "The state file " + file + " cannot be read (" + cause.getMessage() + "). Let this user read it.",
                false,
                cause);
    }

    @Override
    public Optional<PipelineLock> tryLock(String pipeline) {
        requireFile();
        try {
            SqliteLockFile lockFile = SqliteLockFile.of(file);
            // Of the numbers that a position can be, and never the one of opening.
            Optional<FileLock> lock = lockFile.tryLock((PipelineKey.of(pipeline) >>> 2) + 1);
            if (lock.isEmpty()) {
                lockFile.close();
            }
            return lock.map(held -> new SqlitePipelineLock(lockFile, held));
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    /** One byte of the lock file. */
    private static final class SqlitePipelineLock implements PipelineLock {
        private final SqliteLockFile lockFile;
        private final FileLock lock;
        private boolean closed;

        SqlitePipelineLock(SqliteLockFile lockFile, FileLock lock) {
            this.lockFile = lockFile;
            this.lock = lock;
        }

        @Override
        public boolean isHeld() {
            return lock.isValid();
        }

        @Override
        public synchronized void close() {
            if (closed) {
                return;
            }
            closed = true;
            try {
                lock.release();
                lockFile.close();
            } catch (IOException e) {
                LOG.warn("The lock of a pipeline could not be given back; it ends with this process.", e);
            }
        }
    }
}
