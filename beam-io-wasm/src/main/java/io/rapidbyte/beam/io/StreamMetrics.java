// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.Timing;
import io.rapidbyte.wasm.Timings;
import java.util.List;
import java.util.Map;
import org.apache.beam.sdk.metrics.Metrics;

/**
 * Reports what was done for one stream by one connector. Only on a DoFn's own thread: Beam keeps the place for metrics there, and on a
 * thread of ours they would be lost.
 */
record StreamMetrics(String stream, String connector) {
    /** The functions of the ABI. A guest makes up names of its own, and those must not become metrics without bound. */
    private static final List<String> HOST_FUNCTIONS = List.of(
            "emit_batch",
            "next_batch",
            "claim",
            "checkpoint",
            "emit_dlq",
            "log",
            "metric",
            "clock",
            "random",
            "is_cancelled",
            "tcp_connect",
            "tcp_start_tls",
            "tcp_channel_binding",
            "tcp_on_cancel",
            "tcp_read",
            "tcp_write",
            "tcp_set_timeout",
            "tcp_close");

    private static final List<String> MODULE_PHASES = List.of("module_parse", "module_compile", "module_instantiate");

    /** Adds to a counter; nothing is reported for nothing. */
    void add(String metric, long value) {
        if (value > 0) {
            Metrics.counter(RapidbyteMetrics.NAMESPACE, new RapidbyteMetrics.Name(metric, stream, connector).format())
                    .inc(value);
        }
    }

    /** Raises a metric to a value, if it is below that; see {@link RapidbyteMetrics#combine}. */
    void reach(String metric, long value) {
        Metrics.distribution(RapidbyteMetrics.NAMESPACE, new RapidbyteMetrics.Name(metric, stream, connector).format())
                .update(value);
    }

    void addAll(Map<String, Long> values) {
        values.forEach(this::add);
    }

    /** What the host measured of an instance: its functions, and loading the module. */
    void addHost(String side, Timings timings) {
        for (String function : HOST_FUNCTIONS) {
            Timing timing = timings.get(function);
            add(side + "_host_" + function + "_nanos", timing.nanos());
            add(side + "_host_" + function + "_count", timing.count());
            add(side + "_host_" + function + "_bytes", timing.bytes());
        }
        for (String phase : MODULE_PHASES) {
            add(RapidbyteMetrics.MODULE_LOAD, timings.get(phase).nanos());
        }
    }

    /** What coders did on this thread for the stream. */
    void addCodecs() {
        CodecUsage.Spent spent = CodecUsage.ofThisThread().take(stream);
        if (spent != null) {
            add(RapidbyteMetrics.COMPRESS, spent.compressNanos());
            add(RapidbyteMetrics.COMPRESS_BYTES_IN, spent.compressBytesIn());
            add(RapidbyteMetrics.COMPRESS_BYTES_OUT, spent.compressBytesOut());
            add(RapidbyteMetrics.DECOMPRESS, spent.decompressNanos());
            add(RapidbyteMetrics.DECOMPRESS_BYTES_IN, spent.decompressBytesIn());
            add(RapidbyteMetrics.DECOMPRESS_BYTES_OUT, spent.decompressBytesOut());
        }
    }
}
