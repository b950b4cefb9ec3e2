// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.io.Serializable;
import java.time.Duration;

/**
 * After how much a destination commits inside of a bundle: whichever comes first. What is 0 sets no bound.
 *
 * @param bytes bytes of frames
 * @param rows rows
 * @param time time since the first batch that is not committed was taken
 */
record CheckpointIntervals(long bytes, long rows, Duration time) implements Serializable {
    /** A commit at the end of each bundle and nowhere else. */
    static final CheckpointIntervals NONE = new CheckpointIntervals(0, 0, Duration.ZERO);

    /** Whether so much is enough for a commit. */
    boolean reached(long uncommittedBytes, long uncommittedRows, long nanos) {
        return bytes > 0 && uncommittedBytes >= bytes
                || rows > 0 && uncommittedRows >= rows
                || isTimed() && nanos >= time.toNanos();
    }

    /** Whether a commit can be due although no batch came. */
    boolean isTimed() {
        return !time.isZero();
    }
}
