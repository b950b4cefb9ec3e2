// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import java.util.Optional;

/** Opens stores. */
public final class StateStores {
    private StateStores() {}

    /**
     * Opens a store, and makes it when there is none. The folder of a file has to be there, and so has the database on a server.
     *
     * @throws StateException when it cannot be opened, or a newer version of this program has written it
     */
    public static StateStore open(StateLocation location) {
        return JdbcStateStore.open(dialect(location));
    }

    /**
     * Opens a store when there is one, and makes none.
     *
     * @throws StateException as {@link #open}
     */
    public static Optional<StateStore> openExisting(StateLocation location) {
        Dialect dialect = dialect(location);
        return dialect.exists() ? Optional.of(JdbcStateStore.open(dialect)) : Optional.empty();
    }

    /**
     * Names the store for people, within a sentence and without a secret: {@code the state file /x/y.db}.
     *
     * @throws StateException when the location cannot be read
     */
    public static String describe(StateLocation location) {
        return dialect(location).name();
    }

    private static Dialect dialect(StateLocation location) {
        return switch (location.backend()) {
            case SQLITE -> SqliteDialect.of(location.connection());
            case POSTGRES -> new PostgresDialect(PostgresConnection.parse(location.connection()));
        };
    }
}
