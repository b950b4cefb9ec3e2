// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.util.List;
import java.util.Map;

/**
 * What a checked frame holds.
 *
 * @param rows how many rows
 * @param schemaBytes the size of the schema message at the frame's beginning, in bytes
 * @param bodyBytes the size of the record batch's buffers, in bytes
 * @param schema the columns and the metadata
 */
public record FrameInfo(int rows, int schemaBytes, long bodyBytes, Schema schema) {

    /**
     * The schema of a frame.
     *
     * @param columns the columns, in order
     * @param metadata the schema's metadata
     */
    public record Schema(List<Column> columns, Map<String, String> metadata) {
        /** Copies the collections. */
        public Schema {
            columns = List.copyOf(columns);
            metadata = Map.copyOf(metadata);
        }
    }

    /**
     * One column.
     *
     * @param name its name
     * @param type its Arrow type as section 7.3 of {@code docs/abi.md} writes it
     * @param nullable whether it may hold nulls
     * @param metadata the field's metadata
     */
    public record Column(String name, String type, boolean nullable, Map<String, String> metadata) {
        /** Copies the metadata. */
        public Column {
            metadata = Map.copyOf(metadata);
        }
    }
}
