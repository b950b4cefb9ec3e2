// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

/**
 * {@code destination.schema_evolution}: what happens when a stream and a target that exists differ. What is null was not said.
 *
 * @param newColumn {@code add}, {@code ignore} or {@code fail}
 * @param removedColumn {@code ignore} or {@code fail}
 * @param typeChange {@code fail}, {@code coerce} or {@code null}
 * @param nullabilityChange {@code allow} or {@code fail}
 */
public record SchemaEvolutionSection(
        String newColumn, String removedColumn, String typeChange, String nullabilityChange) {
    /** Everything by default. */
    public static final SchemaEvolutionSection DEFAULTS = new SchemaEvolutionSection(null, null, null, null);
}
