// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import java.util.List;

/**
 * One entry of {@code source.streams}.
 *
 * @param name the stream's name, unique in the pipeline
 * @param syncMode {@code full_refresh}, {@code incremental} or {@code cdc}
 * @param columns the columns to read in this order; empty: all
 * @param cursorField the column that orders changes, or null
 * @param tieBreakerField the column that orders rows with equal cursor values, or null
 * @param partitionKey the column whose ranges are read in parallel, or null
 */
public record StreamSection(
        String name,
        String syncMode,
        List<String> columns,
        String cursorField,
        String tieBreakerField,
        String partitionKey) {
    public StreamSection {
        syncMode = syncMode == null ? "full_refresh" : syncMode;
        columns = columns == null ? List.of() : List.copyOf(columns);
    }
}
