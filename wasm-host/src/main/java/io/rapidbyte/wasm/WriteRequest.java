// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What a destination is to write ({@code docs/abi.md}, sections 5.7 to 5.9). The schema is not copied: whoever holds a
 * request must not write into it.
 *
 * @param runId the same for every instance of one run
 * @param stream the stream
 * @param schema an Arrow IPC stream that holds the schema and no batch
 * @param writeMode how the target's old rows are treated
 * @param primaryKey names of the key's columns; may be empty
 * @param dataErrors what becomes of a record that the target refuses because of what is in it
 * @param evolution what to do when the stream and a target that exists differ
 * @param options whatever else the pipeline file says of the destination
 */
public record WriteRequest(
        String runId,
        StreamSpec stream,
        byte[] schema,
        WriteMode writeMode,
        List<String> primaryKey,
        RecordPolicy dataErrors,
        SchemaEvolution evolution,
        Map<String, String> options)
        implements Serializable {

    /** Checks that nothing is null, and copies the collections. */
    public WriteRequest {
        Objects.requireNonNull(runId, "runId");
        Objects.requireNonNull(stream, "stream");
        Objects.requireNonNull(schema, "schema");
        Objects.requireNonNull(writeMode, "writeMode");
        Objects.requireNonNull(dataErrors, "dataErrors");
        Objects.requireNonNull(evolution, "evolution");
        primaryKey = List.copyOf(primaryKey);
        options = Map.copyOf(options);
    }

    /** A request whose bad records fail the call, and whose target changes as {@link SchemaEvolution#defaults()} says. */
    public WriteRequest(
            String runId,
            StreamSpec stream,
            byte[] schema,
            WriteMode writeMode,
            List<String> primaryKey,
            Map<String, String> options) {
        this(runId, stream, schema, writeMode, primaryKey, RecordPolicy.FAIL, SchemaEvolution.defaults(), options);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof WriteRequest that
                && runId.equals(that.runId)
                && stream.equals(that.stream)
                && Arrays.equals(schema, that.schema)
                && writeMode == that.writeMode
                && primaryKey.equals(that.primaryKey)
                && dataErrors == that.dataErrors
                && evolution.equals(that.evolution)
                && options.equals(that.options);
    }

    @Override
    public int hashCode() {
        return Objects.hash(
                runId, stream, Arrays.hashCode(schema), writeMode, primaryKey, dataErrors, evolution, options);
    }

    @Override
    public String toString() {
        return "WriteRequest[" + runId + ", " + stream.name() + ", " + writeMode.jsonName() + "]";
    }
}
