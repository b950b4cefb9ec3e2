// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.Serializable;
import java.util.List;

/**
 * A stream that a source can read ({@code docs/abi.md}, section 5.4).
 *
 * @param name the name to use for it in a pipeline
 * @param namespace its schema
 * @param table its relation
 * @param kind {@code table}, {@code partitioned_table}, {@code view}, {@code materialized_view} or {@code foreign_table}
 * @param fields its columns
 * @param primaryKey names of the primary key's columns; empty when there is none
 * @param estimatedRows -1 when not known
 * @param estimatedBytes -1 when not known
 * @param suggestedCursor a column that fits incremental reading; null when there is none
 */
public record DiscoveredStream(
        String name,
        String namespace,
        String table,
        String kind,
        List<Field> fields,
        List<String> primaryKey,
        long estimatedRows,
        long estimatedBytes,
        String suggestedCursor)
        implements Serializable {

    /** Copies the lists. */
    public DiscoveredStream {
        fields = List.copyOf(fields);
        primaryKey = List.copyOf(primaryKey);
    }

    /**
     * One column ({@code docs/abi.md}, section 5.1).
     *
     * @param name its name
     * @param type its Arrow type as section 7.3 writes it
     * @param nativeType the database's own name of its type
     * @param nullable whether it may hold nulls
     * @param primaryKey whether it belongs to the primary key
     * @param generated whether the database computes it
     */
    public record Field(
            String name, String type, String nativeType, boolean nullable, boolean primaryKey, boolean generated)
            implements Serializable {}
}
