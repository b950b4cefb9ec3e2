// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import static java.util.Objects.requireNonNull;

import java.io.Serializable;

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

    /** Names the backend; the connection stays out because it may hold a password. */
    @Override
    public String toString() {
        return backend.name();
    }
}
