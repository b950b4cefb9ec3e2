// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.util.Objects;

/**
 * One batch that passed the frame checks. The bytes are not copied: whoever holds a frame must not write into them.
 *
 * @param unit the unit of the plan it came from
 * @param sequence its number within the unit, from 0
 * @param rows how many rows it holds
 * @param bytes one complete Arrow IPC stream: schema, one record batch, end of stream
 */
public record Frame(long unit, int sequence, int rows, byte[] bytes) {

    /** Checks that the bytes are there and no number is negative. */
    public Frame {
        Objects.requireNonNull(bytes, "bytes");
        if (unit < 0 || sequence < 0 || rows < 0) {
            throw new IllegalArgumentException("Unit, sequence and rows of a frame are not negative: " + unit + ", "
                    + sequence + ", " + rows + ".");
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Frame that
                && unit == that.unit
                && sequence == that.sequence
                && rows == that.rows
                && java.util.Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Objects.hash(unit, sequence, rows, bytes.length);
    }

    @Override
    public String toString() {
        return "Frame[unit " + unit + ", sequence " + sequence + ", " + rows + " rows, " + bytes.length + " bytes]";
    }
}
