// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import java.nio.file.Path;
import java.util.List;

/**
 * A pipeline as its file describes it, valid as far as that can be told without its connectors.
 *
 * @param name the pipeline's name
 * @param file the file, of which a text that was never in one has only the name
 * @param folder the folder its relative paths start from
 * @param source what reads
 * @param streams what is read, at least one
 * @param destination what writes
 * @param writeMode {@code append}, {@code replace} or {@code upsert}
 * @param primaryKey the columns that identify a row; empty when not said
 * @param onDataError what becomes of a record that the destination refuses: {@code fail}, {@code skip} or {@code dlq}
 * @param schemaEvolution what happens when a stream and its target differ
 * @param resources what it may use of the machine
 * @param state where it remembers positions and runs
 */
public record Pipeline(
        String name,
        Path file,
        Path folder,
        ConnectorUse source,
        List<StreamSection> streams,
        ConnectorUse destination,
        String writeMode,
        List<String> primaryKey,
        String onDataError,
        SchemaEvolutionSection schemaEvolution,
        Resources resources,
        StateSection state) {
    public Pipeline {
        streams = List.copyOf(streams);
        primaryKey = primaryKey == null ? List.of() : List.copyOf(primaryKey);
    }
}
