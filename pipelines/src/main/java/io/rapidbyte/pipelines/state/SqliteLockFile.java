// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The file beside a SQLite store by whose bytes processes keep each other out. The system frees what a process has locked when it ends, however
 * it ends; the file stays, and is empty.
 *
 * <p>A process has one of each file: on most systems, closing any of its channels frees all of the process's locks on the file.
 */
final class SqliteLockFile implements AutoCloseable {
    /** By path; guarded by itself. */
    private static final Map<Path, SqliteLockFile> OPEN = new HashMap<>();

    private final Path path;
    private final FileChannel channel;
    private int users;

    private SqliteLockFile(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /** Opens the lock file of a store; each call has its {@link #close}. */
    static SqliteLockFile of(Path database) throws IOException {
        // Whatever the links that lead to it.
        Path real = Files.exists(database)
                ? database.toRealPath()
                : database.getParent().toRealPath().resolve(database.getFileName());
        Path path = real.resolveSibling(real.getFileName() + ".lock");
        synchronized (OPEN) {
            SqliteLockFile file = OPEN.get(path);
            if (file == null) {
                file = new SqliteLockFile(
                        path, FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE));
                OPEN.put(path, file);
            }
            file.users++;
            return file;
        }
    }

    /** Locks one byte, which need not be there; empty when another one has it, in this process or elsewhere. */
    Optional<FileLock> tryLock(long position) throws IOException {
        try {
            return Optional.ofNullable(channel.tryLock(position, 1, false));
        } catch (OverlappingFileLockException e) {
            return Optional.empty();
        }
    }

    @Override
    public void close() throws IOException {
        synchronized (OPEN) {
            users--;
            if (users == 0) {
                OPEN.remove(path);
                channel.close();
            }
        }
    }
}
