// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.beam.io.RapidbyteMetrics;
import java.util.List;

/** The metrics that every summary for programs has, whether something was counted or not. */
final class MetricNames {
    /** All of {@link RapidbyteMetrics}. */
    static final List<String> ALL = List.of(
            RapidbyteMetrics.RECORDS_READ,
            RapidbyteMetrics.BYTES_READ,
            RapidbyteMetrics.BATCHES_READ,
            RapidbyteMetrics.READ_BUNDLES,
            RapidbyteMetrics.LARGE_RECORDS,
            RapidbyteMetrics.DEAD_LETTERS,
            RapidbyteMetrics.RECORDS_WRITTEN,
            RapidbyteMetrics.RECORDS_REFUSED,
            RapidbyteMetrics.BYTES_WRITTEN,
            RapidbyteMetrics.BATCHES_WRITTEN,
            RapidbyteMetrics.WRITE_BUNDLES,
            RapidbyteMetrics.COMMITS,
            RapidbyteMetrics.SOURCE_READ,
            RapidbyteMetrics.SOURCE_CONNECT,
            RapidbyteMetrics.SOURCE_QUERY,
            RapidbyteMetrics.SOURCE_FETCH,
            RapidbyteMetrics.SOURCE_DECODE,
            RapidbyteMetrics.SOURCE_ARROW_ENCODE,
            RapidbyteMetrics.SOURCE_OTHER,
            RapidbyteMetrics.EMIT,
            RapidbyteMetrics.EMIT_COUNT,
            RapidbyteMetrics.CLAIM,
            RapidbyteMetrics.SOURCE_PLAN,
            RapidbyteMetrics.SOURCE_VM_SETUP,
            RapidbyteMetrics.DEST_WRITE,
            RapidbyteMetrics.DEST_CONNECT,
            RapidbyteMetrics.DEST_APPLY,
            RapidbyteMetrics.DEST_RECV_WAIT,
            RapidbyteMetrics.DEST_FLUSH,
            RapidbyteMetrics.DEST_COMMIT,
            RapidbyteMetrics.DEST_ARROW_DECODE,
            RapidbyteMetrics.DEST_OTHER,
            RapidbyteMetrics.DEST_RECV_PROCESS,
            RapidbyteMetrics.DEST_RECV_COUNT,
            RapidbyteMetrics.DEST_VM_SETUP,
            RapidbyteMetrics.DEST_FINALIZE,
            RapidbyteMetrics.SINK_ENQUEUE_WAIT,
            RapidbyteMetrics.SINK_COMMIT_WAIT,
            RapidbyteMetrics.COMPRESS,
            RapidbyteMetrics.COMPRESS_BYTES_IN,
            RapidbyteMetrics.COMPRESS_BYTES_OUT,
            RapidbyteMetrics.DECOMPRESS,
            RapidbyteMetrics.DECOMPRESS_BYTES_IN,
            RapidbyteMetrics.DECOMPRESS_BYTES_OUT,
            RapidbyteMetrics.SOURCE_WORKERS,
            RapidbyteMetrics.SOURCE_WORKER_RECORDS_MAX,
            RapidbyteMetrics.DEST_WORKERS,
            RapidbyteMetrics.DEST_WORKER_RECORDS_MAX,
            RapidbyteMetrics.MODULE_LOAD);

    private MetricNames() {}
}
