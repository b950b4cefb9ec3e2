// SPDX-License-Identifier: Apache-2.0
/**
 * The pipeline file: YAML read with the position of every value, variables put in, validated against the committed JSON
 * Schema, and mapped to records. Whatever is wrong is reported at once, one sentence with file, line, column and field
 * for each. Knows connectors only by the JSON Schema of their config; knows nothing of Beam.
 */
package io.rapidbyte.pipelines.config;
