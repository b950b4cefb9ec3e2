// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import java.util.HashMap;
import java.util.Map;

/**
 * Tells how long each stream took by looking at its counters again and again: from the last look before its first rows to the
 * look that saw its last change. It is right to within the distance of two looks.
 */
final class StreamClock {
    private final Map<String, Span> spans = new HashMap<>();
    private long lastLook;

    private static final class Span {
        private long begin;
        private long end;
        private long counted;
    }

    StreamClock(long startNanos) {
        this.lastLook = startNanos;
    }

    /**
     * Notes the state of a stream.
     *
     * @param counted anything that grows whenever something happens to the stream
     */
    void look(String stream, long counted, long nanos) {
        Span span = spans.get(stream);
        if (span == null) {
            if (counted == 0) {
                return;
            }
            span = new Span();
            span.begin = lastLook;
            spans.put(stream, span);
        }
        if (counted != span.counted) {
            span.counted = counted;
            span.end = nanos;
        }
    }

    /** Ends a look at all streams. */
    void looked(long nanos) {
        lastLook = nanos;
    }

    double seconds(String stream) {
        Span span = spans.get(stream);
        return span == null ? 0 : (span.end - span.begin) / 1e9;
    }
}
