// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A stream: what is read and where it goes ({@code docs/abi.md}, section 5.1).
 *
 * @param name the stream's name as the pipeline has it
 * @param namespace the schema it stands for; null until the source planned it
 * @param table the relation it stands for; null until the source planned it
 * @param syncMode how it is read
 * @param columns the columns to read, in this order; null for all
 * @param cursorField null when there is none
 * @param tieBreakerField null when there is none
 * @param partitionKey null when there is none
 * @param maxRecords how many rows are read at most, some of those there are; null for all
 * @param position where the last incremental run ended, as the source wrote it: a JSON object, opaque to the host; null when there was none
 * @param options whatever else the pipeline file says of the stream
 */
public record StreamSpec(
        String name,
        String namespace,
        String table,
        SyncMode syncMode,
        List<String> columns,
        String cursorField,
        String tieBreakerField,
        String partitionKey,
        Long maxRecords,
        String position,
        Map<String, String> options)
        implements Serializable {

    /**
     * Checks that name and mode are there, and copies the collections.
     *
     * @throws IllegalArgumentException when the position is not a JSON object
     */
    public StreamSpec {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(syncMode, "syncMode");
        if (position != null && !Json.isObject(position)) {
            throw new IllegalArgumentException("The position of stream " + name
                    + " is not a JSON object: give the stream what its last run ended with, unchanged.");
        }
        columns = columns == null ? null : List.copyOf(columns);
        options = Map.copyOf(options);
        if (maxRecords != null && maxRecords < 1) {
            throw new IllegalArgumentException(
                    "Stream " + name + " is to be read up to " + maxRecords + " records; a limit is 1 or more.");
        }
    }

    /** A stream with a name, read whole with all columns. */
    public static StreamSpec of(String name) {
        return new StreamSpec(name, null, null, SyncMode.FULL_REFRESH, null, null, null, null, null, null, Map.of());
    }

    /** The same stream with the schema and relation it stands for. */
    public StreamSpec withTable(String newNamespace, String newTable) {
        return new StreamSpec(
                name,
                newNamespace,
                newTable,
                syncMode,
                columns,
                cursorField,
                tieBreakerField,
                partitionKey,
                maxRecords,
                position,
                options);
    }

    /** The same stream read in another mode. */
    public StreamSpec withSyncMode(SyncMode mode) {
        return new StreamSpec(
                name,
                namespace,
                table,
                mode,
                columns,
                cursorField,
                tieBreakerField,
                partitionKey,
                maxRecords,
                position,
                options);
    }

    /** The same stream with other columns; null for all. */
    public StreamSpec withColumns(List<String> newColumns) {
        return new StreamSpec(
                name,
                namespace,
                table,
                syncMode,
                newColumns,
                cursorField,
                tieBreakerField,
                partitionKey,
                maxRecords,
                position,
                options);
    }

    /** The same stream with another cursor and tie breaker; null for none. */
    public StreamSpec withCursor(String newCursorField, String newTieBreakerField) {
        return new StreamSpec(
                name,
                namespace,
                table,
                syncMode,
                columns,
                newCursorField,
                newTieBreakerField,
                partitionKey,
                maxRecords,
                position,
                options);
    }

    /** The same stream with another partition key; null for none. */
    public StreamSpec withPartitionKey(String key) {
        return new StreamSpec(
                name,
                namespace,
                table,
                syncMode,
                columns,
                cursorField,
                tieBreakerField,
                key,
                maxRecords,
                position,
                options);
    }

    /**
     * The same stream, of which at most so many rows are read, whichever; null for all. It is read in one piece, by one query that ends
     * there.
     */
    public StreamSpec withMaxRecords(Long records) {
        return new StreamSpec(
                name,
                namespace,
                table,
                syncMode,
                columns,
                cursorField,
                tieBreakerField,
                partitionKey,
                records,
                position,
                options);
    }

    /** The same stream to be read on from where a run ended ({@link StreamPlan#position()}); null for from the beginning. */
    public StreamSpec withPosition(String newPosition) {
        return new StreamSpec(
                name,
                namespace,
                table,
                syncMode,
                columns,
                cursorField,
                tieBreakerField,
                partitionKey,
                maxRecords,
                newPosition,
                options);
    }

    /** The same stream with other options. */
    public StreamSpec withOptions(Map<String, String> newOptions) {
        return new StreamSpec(
                name,
                namespace,
                table,
                syncMode,
                columns,
                cursorField,
                tieBreakerField,
                partitionKey,
                maxRecords,
                position,
                newOptions);
    }
}
