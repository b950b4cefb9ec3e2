// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Objects;

/**
 * How a source reads a stream ({@code docs/abi.md}, section 5.5). The arrays are not copied: whoever holds a plan must not
 * write into them.
 *
 * @param stream the stream with its schema and relation
 * @param schema an Arrow IPC stream that holds the schema and no batch
 * @param units the restriction is {@code [0, units)}; at least 1
 * @param unitKind what a unit is, for people
 * @param estimatedRows of the whole stream; -1 when not known
 * @param estimatedBytes of the whole stream; -1 when not known
 * @param plan what the source's read call needs, as JSON; opaque to the host
 * @param position where an incremental run of the plan ends, as JSON; opaque to the host, and worth something only once all that the plan
 *     covers is committed. Null when there is nothing to remember
 * @param snapshot the state to read, from {@link SourceConnector#snapshot()}; null for what is there when a part is read
 */
public record StreamPlan(
        StreamSpec stream,
        byte[] schema,
        long units,
        String unitKind,
        long estimatedRows,
        long estimatedBytes,
        String plan,
        String position,
        String snapshot)
        implements Serializable {

    /** Checks that nothing is null and that there is at least one unit. */
    public StreamPlan {
        Objects.requireNonNull(stream, "stream");
        Objects.requireNonNull(schema, "schema");
        Objects.requireNonNull(unitKind, "unitKind");
        Objects.requireNonNull(plan, "plan");
        if (units < 1) {
            throw new IllegalArgumentException("A plan has at least one unit, not " + units + ".");
        }
    }

    /** A plan that is read without a snapshot, and ends nowhere in particular. */
    public StreamPlan(
            StreamSpec stream,
            byte[] schema,
            long units,
            String unitKind,
            long estimatedRows,
            long estimatedBytes,
            String plan) {
        this(stream, schema, units, unitKind, estimatedRows, estimatedBytes, plan, null, null);
    }

    /** The same plan, for reading a state that an instance keeps; null for what is there when a part is read. */
    public StreamPlan withSnapshot(String newSnapshot) {
        return new StreamPlan(
                stream, schema, units, unitKind, estimatedRows, estimatedBytes, plan, position, newSnapshot);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof StreamPlan that
                && stream.equals(that.stream)
                && Arrays.equals(schema, that.schema)
                && units == that.units
                && unitKind.equals(that.unitKind)
                && estimatedRows == that.estimatedRows
                && estimatedBytes == that.estimatedBytes
                && plan.equals(that.plan)
                && Objects.equals(position, that.position)
                && Objects.equals(snapshot, that.snapshot);
    }

    @Override
    public int hashCode() {
        return Objects.hash(stream, Arrays.hashCode(schema), units, plan);
    }

    @Override
    public String toString() {
        return "StreamPlan[" + stream.name() + ", " + units + " " + unitKind + "]";
    }
}
