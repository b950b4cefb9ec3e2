// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.util.HashMap;
import java.util.Map;

/**
 * What coders compressed and decompressed on this thread and how long that took, until a DoFn that runs on the same thread reports it.
 *
 * <p>Runners call coders outside of any DoFn, where Beam has no place for metrics. A runner works a stage on one thread, so what the
 * coder did just before or after a DoFn's call is picked up there.
 */
final class CodecUsage {
    private static final ThreadLocal<CodecUsage> OF_THREAD = ThreadLocal.withInitial(CodecUsage::new);

    private final Map<String, Spent> spentByStream = new HashMap<>();

    private CodecUsage() {}

    static CodecUsage ofThisThread() {
        return OF_THREAD.get();
    }

    void addCompress(String stream, long nanos, long bytesIn, long bytesOut) {
        add(stream, new Spent(nanos, bytesIn, bytesOut, 0, 0, 0));
    }

    void addDecompress(String stream, long nanos, long bytesIn, long bytesOut) {
        add(stream, new Spent(0, 0, 0, nanos, bytesIn, bytesOut));
    }

    private void add(String stream, Spent more) {
        spentByStream.merge(stream, more, Spent::plus);
    }

    /** What was spent for a stream since this was asked last, or null when it was nothing. */
    Spent take(String stream) {
        return spentByStream.remove(stream);
    }

    /** Nanoseconds, and bytes before and after, by direction. */
    record Spent(
            long compressNanos,
            long compressBytesIn,
            long compressBytesOut,
            long decompressNanos,
            long decompressBytesIn,
            long decompressBytesOut) {
        private Spent plus(Spent more) {
            return new Spent(
                    compressNanos + more.compressNanos,
                    compressBytesIn + more.compressBytesIn,
                    compressBytesOut + more.compressBytesOut,
                    decompressNanos + more.decompressNanos,
                    decompressBytesIn + more.decompressBytesIn,
                    decompressBytesOut + more.decompressBytesOut);
        }
    }
}
