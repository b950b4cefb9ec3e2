// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;

/** What differs between the databases that a store can be in. */
interface Dialect {
    /** The store for people, within a sentence and without a secret: {@code the state file /x/y.db}. */
    String name();

    /**
     * Whether there is a store. Creates nothing.
     *
     * @throws StateException when that cannot be told
     */
    boolean exists();

    /**
     * Connects; creates the store when there is none, and brings an older one up to date.
     *
     * @throws StateException when the store is of a newer version, or its place is not fit for one
     */
    Connection open() throws SQLException;

    /** Whether the store's tables are there, in whatever version. */
    boolean hasTables(Connection connection) throws SQLException;

    /** Keeps others from creating or changing the tables until the transaction ends, and makes the place they are in. */
    void beginMigration(Connection connection) throws SQLException;

    /** Returns the name of a table as SQL wants it, whatever the session is set to. */
    String table(String name);

    /** The type of a primary key that counts up. */
    String sequenceType();

    /** The type of a point in time. */
    String timestampType();

    /** Returns what is bound to a parameter for a point in time. */
    Object timestamp(Instant instant);

    /** Returns the point in time of a column, or null. */
    Instant instant(ResultSet row, String column) throws SQLException;

    /** What ends a query whose rows nobody may change before the transaction ends. */
    String rowLock();

    /** Whether the same may well succeed at once on a new connection. */
    boolean isTransient(SQLException failure);

    /** Returns the failure in a sentence for people. */
    StateException failure(SQLException failure);

    /** Locks a pipeline, unless another one has. */
    Optional<PipelineLock> tryLock(String pipeline);
}
