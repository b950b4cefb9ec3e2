// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static java.util.Objects.requireNonNull;

import java.io.Serializable;

/**
 * What tells one batch from every other. Units are numbered absolutely, so a retried or differently split read of a unit
 * yields the same identities again, and a destination can recognise what it already has.
 *
 * @param runId the run that read the batch, not null
 * @param stream the name of the stream, not null
 * @param unit the unit of the stream's plan, from 0
 * @param sequence the number of the batch within its unit, from 0
 */
public record BatchId(String runId, String stream, long unit, int sequence) implements Serializable {
    /** @throws IllegalArgumentException when a number is negative */
    public BatchId {
        requireNonNull(runId, "runId");
        requireNonNull(stream, "stream");
        if (unit < 0 || sequence < 0) {
            throw new IllegalArgumentException("Batch " + sequence + " of unit " + unit + " of stream " + stream
                    + " has a negative number; units and batches are counted from 0.");
        }
    }

    /** Whether it is the first batch of its stream, which every stream has, also one without rows. */
    boolean isFirst() {
        return unit == 0 && sequence == 0;
    }

    @Override
    public String toString() {
        return runId + "/" + stream + "/" + unit + "/" + sequence;
    }
}
