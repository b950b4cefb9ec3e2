// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.Timings;
import java.util.Map;

/** Where the time of preparing and writing one bundle of a stream went. */
final class WritePhases {
    private WritePhases() {}

    /**
     * The phases of a write.
     *
     * @param applyNanos the apply call, measured from outside; 0 when there was none
     * @param applyTimings what the instance did in it
     * @param writeNanos the write call, measured from outside
     * @param writeTimings what the instance did in it
     * @param waitNanos the part of the write in which it waited for batches
     */
    static Map<String, Long> of(
            long applyNanos, Timings applyTimings, long writeNanos, Timings writeTimings, long waitNanos) {
        PhaseSplitter apply = new PhaseSplitter(applyNanos);
        apply.take(
                RapidbyteMetrics.DEST_CONNECT, applyTimings.get("dest_connect").nanos());
        Map<String, Long> phases = apply.rest(RapidbyteMetrics.DEST_APPLY);

        PhaseSplitter write = new PhaseSplitter(writeNanos);
        write.take(RapidbyteMetrics.DEST_RECV_WAIT, waitNanos);
        write.take(
                RapidbyteMetrics.DEST_CONNECT, writeTimings.get("dest_connect").nanos());
        write.take(RapidbyteMetrics.DEST_FLUSH, writeTimings.get("dest_flush").nanos());
        write.take(RapidbyteMetrics.DEST_COMMIT, writeTimings.get("dest_commit").nanos());
        long decode = writeTimings.get("dest_arrow_decode").nanos();
        write.take(RapidbyteMetrics.DEST_ARROW_DECODE, decode);
        write.rest(decode > 0 ? RapidbyteMetrics.DEST_OTHER : RapidbyteMetrics.DEST_ARROW_DECODE)
                .forEach((phase, nanos) -> phases.merge(phase, nanos, Long::sum));
        return phases;
    }
}
