// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import static java.util.Objects.requireNonNull;

import io.rapidbyte.pipelines.config.StateSection;
import java.io.Serializable;
import java.nio.file.Path;

/**
 * Where a store is.
 *
 * @param backend what it is
 * @param connection the path of a file, or how to connect to a server; may hold a password
 */
public record StateLocation(Backend backend, String connection) implements Serializable {
    /** What a store can be. */
    public enum Backend {
        /** A file of SQLite, for the processes of one machine. */
        SQLITE,
        /** A Postgres database, which workers on other machines reach, too. */
        POSTGRES
    }

    public StateLocation {
        requireNonNull(backend, "backend");
        requireNonNull(connection, "connection");
    }

    /**
     * Returns where the state of a pipeline file is.
     *
     * @param state the file's section; without a connection, it means a file beside the pipeline's
     * @param pipelineFile the pipeline file
     * @param folder the folder that a relative path starts from
     * @throws StateException when the section does not say where
     */
    public static StateLocation of(StateSection state, Path pipelineFile, Path folder) {
        if (state.backend().equals("postgres")) {
            if (state.connection() == null) {
                throw new StateException(
                        "state.backend is postgres, and state.connection does not say which. Set it, for example to"
                                + " postgres://user:${STATE_PASSWORD}@host:5432/database.",
                        true,
                        null);
            }
            return new StateLocation(Backend.POSTGRES, state.connection());
        }
        Path file = state.connection() == null
                ? pipelineFile.resolveSibling(withoutExtension(pipelineFile) + ".state.db")
                : SqliteDialect.path(state.connection());
        return new StateLocation(
                Backend.SQLITE,
                folder.resolve(file).toAbsolutePath().normalize().toString());
    }

    private static String withoutExtension(Path file) {
        String name = file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
    }

    /** Names the backend; the connection stays out because it may hold a password. */
    @Override
    public String toString() {
        return backend.name();
    }
}
