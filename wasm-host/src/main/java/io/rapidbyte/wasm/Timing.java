// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.Serializable;

/**
 * What one kind of call cost.
 *
 * @param count how often
 * @param nanos nanoseconds in total
 * @param bytes bytes moved; 0 for calls that move none
 */
public record Timing(long count, long nanos, long bytes) implements Serializable {

    /** Nothing. */
    public static final Timing ZERO = new Timing(0, 0, 0);

    /** The sum of both. */
    public Timing plus(Timing other) {
        return new Timing(count + other.count, nanos + other.nanos, bytes + other.bytes);
    }

    /** What was added since an earlier value. */
    public Timing minus(Timing earlier) {
        return new Timing(count - earlier.count, nanos - earlier.nanos, bytes - earlier.bytes);
    }
}
