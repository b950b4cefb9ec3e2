// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.testing;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An embedded server of one test that stops and starts again, at the same port and with the same data. */
public final class RestartablePostgres implements AutoCloseable {
    /** Where nothing can be written, for want of room. */
    public static final Path FULL = Path.of("/dev/full");

    private static final int PATIENCE_SECONDS = 60;

    private final Path data;
    private final PostgresServer server;
    private EmbeddedPostgres embedded;

    private RestartablePostgres(Path data, EmbeddedPostgres embedded, PostgresServer server) {
        this.data = data;
        this.embedded = embedded;
        this.server = server;
    }

    /** Starts a server. What it says is committed survives {@link #stopAtOnce}, unlike on the servers that tests share. */
    public static RestartablePostgres start() {
        try {
            Path data = Files.createTempDirectory("rapidbyte-restartable");
            EmbeddedPostgres embedded = start(data, 0);
            PostgresServer server =
                    PostgresServer.startedAt("127.0.0.1", embedded.getPort(), RestartablePostgres::write);
            return new RestartablePostgres(data, embedded, server);
        } catch (IOException | SQLException e) {
            throw new IllegalStateException("no Postgres server could be started for the test", e);
        }
    }

    private static EmbeddedPostgres start(Path data, int port) throws IOException {
        var builder = EmbeddedPostgres.builder()
                .setDataDirectory(data)
                .setCleanDataDirectory(false)
                .setRegisterShutdownHook(true)
                .setConnectConfig("password", PostgresServer.SUPERUSER_PASSWORD);
        PostgresServer.SETTINGS.forEach(builder::setServerConfig);
        builder.setServerConfig("synchronous_commit", "on");
        if (port > 0) {
            builder.setPort(port);
        }
        return builder.start();
    }

    private static void write(String path, String text) {
        try {
            Files.writeString(Path.of(path), text, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The server; while it is stopped nobody answers at its port. */
    public PostgresServer server() {
        return server;
    }

    /** Stops it as a crash does: all sessions end in the middle of what they do, and it recovers when it starts again. */
    public void stopAtOnce() {
        try {
            long postmaster = Long.parseLong(
                    Files.readAllLines(data.resolve("postmaster.pid")).get(0).strip());
            var process = ProcessHandle.of(postmaster);
            new ProcessBuilder(List.of("kill", "-QUIT", String.valueOf(postmaster)))
                    .start()
                    .waitFor();
            if (process.isPresent()) {
                process.get().onExit().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            }
            embedded.close();
        } catch (Exception e) {
            throw new IllegalStateException("the server did not stop", e);
        }
    }

    /** Starts it again. */
    public void startAgain() {
        try {
            embedded = start(data, server.port());
        } catch (IOException e) {
            throw new IllegalStateException("the server did not start again", e);
        }
    }

    /** Starts it again as a standby, which takes no writes until {@code pg_promote()} is called. */
    public void startAsStandby() {
        try {
            Files.createFile(data.resolve("standby.signal"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        startAgain();
    }

    /**
     * Makes the disk look full to whoever opens an empty relation from now on: until the result is closed, its file is the device that has no
     * room.
     *
     * @param file its path, as {@code pg_relation_filepath} has it
     */
    public AutoCloseable withoutRoomFor(String file) throws IOException {
        Path relation = data.resolve(file);
        Path aside = relation.resolveSibling(relation.getFileName() + ".aside");
        if (Files.size(relation) > 0) {
            throw new IllegalArgumentException(file + " has rows, which nobody would find");
        }
        Files.move(relation, aside);
        Files.createSymbolicLink(relation, FULL);
        return () -> Files.move(aside, relation, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void close() throws IOException {
        embedded.close();
        try (var files = Files.walk(data)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
