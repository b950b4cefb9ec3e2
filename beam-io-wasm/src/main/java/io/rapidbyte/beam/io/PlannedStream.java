// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static java.util.Objects.requireNonNull;

import io.rapidbyte.wasm.StreamPlan;
import java.io.Serializable;

/**
 * A stream with all that its reading step needs to know.
 *
 * @param plan how the source reads it
 * @param bundleBytes after how many bytes of output a bundle of it ends
 */
record PlannedStream(StreamPlan plan, long bundleBytes) implements Serializable {
    PlannedStream {
        requireNonNull(plan, "plan");
    }
}
