// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.Serializable;
import java.util.Arrays;

/**
 * Which batches of a stream a destination has committed in a run ({@code docs/abi.md}, section 5.14): unit, sequence and checksum of each,
 * in ascending order.
 */
public final class CommittedBatches implements Serializable {
    private static final long serialVersionUID = 1L;

    private final long[] units;
    private final int[] sequences;
    private final int[] checksums;
    private final boolean ended;

    private CommittedBatches(long[] units, int[] sequences, int[] checksums, boolean ended) {
        this.units = units;
        this.sequences = sequences;
        this.checksums = checksums;
        this.ended = ended;
    }

    /** How many there are. */
    public int size() {
        return units.length;
    }

    /** Whether the stream has been finalized in this run; its batches may be forgotten then. */
    public boolean isEnded() {
        return ended;
    }

    /** The unit of one of them, by its place from 0. */
    public long unit(int at) {
        return units[at];
    }

    /** The place of a batch, or a negative number when it is not among them. */
    public int find(long unit, int sequence) {
        int low = 0;
        int high = units.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int order = compare(middle, unit, sequence);
            if (order == 0) {
                return middle;
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -1;
    }

    /** The CRC-32C of the frame of the batch at a place. */
    public int checksum(int at) {
        return checksums[at];
    }

    private int compare(int at, long unit, int sequence) {
        int order = Long.compare(units[at], unit);
        return order != 0 ? order : Integer.compare(sequences[at], sequence);
    }

    @Override
    public String toString() {
        return "CommittedBatches[" + size() + (ended ? ", ended]" : "]");
    }

    /** Collects them, as they are told page by page. */
    static final class Builder {
        private long[] units = new long[64];
        private int[] sequences = new int[64];
        private int[] checksums = new int[64];
        private int size;

        int size() {
            return size;
        }

        /** Adds one; false when it does not come behind the last one. */
        boolean add(long unit, int sequence, int checksum) {
            if (size > 0 && (units[size - 1] > unit || units[size - 1] == unit && sequences[size - 1] >= sequence)) {
                return false;
            }
            if (size == units.length) {
                units = Arrays.copyOf(units, 2 * size);
                sequences = Arrays.copyOf(sequences, 2 * size);
                checksums = Arrays.copyOf(checksums, 2 * size);
            }
            units[size] = unit;
            sequences[size] = sequence;
            checksums[size] = checksum;
            size++;
            return true;
        }

        long lastUnit() {
            return units[size - 1];
        }

        int lastSequence() {
            return sequences[size - 1];
        }

        CommittedBatches build(boolean ended) {
            return new CommittedBatches(
                    Arrays.copyOf(units, size), Arrays.copyOf(sequences, size), Arrays.copyOf(checksums, size), ended);
        }
    }
}
