// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.Timings;
import java.util.Map;

/** Where the time of one read call went. */
final class ReadPhases {
    private ReadPhases() {}

    /**
     * The phases of a read.
     *
     * @param wholeNanos the read call, measured from outside
     * @param timings what the instance did in it
     * @param pausedNanos for how long, outside of the measured time, it was held up while it handed a batch over
     */
    static Map<String, Long> of(long wholeNanos, Timings timings, long pausedNanos) {
        PhaseSplitter phases = new PhaseSplitter(wholeNanos);
        phases.take(RapidbyteMetrics.EMIT, timings.get("emit_batch").nanos() - pausedNanos);
        phases.take(RapidbyteMetrics.CLAIM, timings.get("claim").nanos());
        long talking = phases.take(
                        RapidbyteMetrics.SOURCE_CONNECT,
                        timings.get("source_connect").nanos())
                + phases.take(
                        RapidbyteMetrics.SOURCE_QUERY,
                        timings.get("source_query").nanos());
        phases.take(RapidbyteMetrics.SOURCE_FETCH, fetchNanos(timings, talking));
        phases.take(RapidbyteMetrics.SOURCE_DECODE, timings.get("source_decode").nanos());
        long encode = timings.get("source_arrow_encode").nanos();
        phases.take(RapidbyteMetrics.SOURCE_ARROW_ENCODE, encode);
        return phases.rest(encode > 0 ? RapidbyteMetrics.SOURCE_OTHER : RapidbyteMetrics.SOURCE_ARROW_ENCODE);
    }

    private static long fetchNanos(Timings timings, long talkingNanos) {
        long reported = timings.get("source_fetch").nanos();
        if (reported > 0) {
            return reported;
        }
        // Connecting and querying wait for the server too, in socket reads that must not be counted again as fetching.
        // What they
        // spent beside connecting and writing is taken for such waiting.
        long waitedWhileTalking = talkingNanos
                - timings.get("tcp_connect").nanos()
                - timings.get("tcp_start_tls").nanos()
                - timings.get("tcp_write").nanos();
        return timings.get("tcp_read").nanos() - Math.max(0, waitedWhileTalking);
    }
}
