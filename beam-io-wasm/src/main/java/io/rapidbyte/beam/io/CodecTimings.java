// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.util.HashMap;
import java.util.Map;

/**
 * Time that coders spent compressing and decompressing on this thread, until a DoFn that runs on the same thread reports it.
 *
 * <p>Runners call coders outside of any DoFn, where Beam has no place for metrics. A runner works a stage on one thread, so what the
 * coder did just before or after a DoFn's call is picked up there.
 */
final class CodecTimings {
    private static final ThreadLocal<CodecTimings> OF_THREAD = ThreadLocal.withInitial(CodecTimings::new);

    private final Map<String, Spent> spentByStream = new HashMap<>();

    private CodecTimings() {}

    static CodecTimings ofThisThread() {
        return OF_THREAD.get();
    }

    void addCompress(String stream, long nanos) {
        spentByStream.computeIfAbsent(stream, name -> new Spent()).compressNanos += nanos;
    }

    void addDecompress(String stream, long nanos) {
        spentByStream.computeIfAbsent(stream, name -> new Spent()).decompressNanos += nanos;
    }

    /** What was spent for a stream since this was asked last, or null when it was nothing. */
    Spent take(String stream) {
        return spentByStream.remove(stream);
    }

    /** Nanoseconds by direction. */
    static final class Spent {
        private long compressNanos;
        private long decompressNanos;

        private Spent() {}

        long compressNanos() {
            return compressNanos;
        }

        long decompressNanos() {
            return decompressNanos;
        }
    }
}
