// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.beam.io.RapidbyteMetrics;
import io.rapidbyte.pipelines.run.ProcessCpu;
import java.util.Map;

/** What people call the phases of a run. */
public final class PhaseNames {
    private static final Map<String, String> NAMES = Map.ofEntries(
            Map.entry(RapidbyteMetrics.SOURCE_READ, "reading"),
            Map.entry(RapidbyteMetrics.SOURCE_CONNECT, "connect"),
            Map.entry(RapidbyteMetrics.SOURCE_QUERY, "query"),
            Map.entry(RapidbyteMetrics.SOURCE_FETCH, "fetch from the server"),
            Map.entry(RapidbyteMetrics.SOURCE_DECODE, "decode rows"),
            Map.entry(RapidbyteMetrics.SOURCE_ARROW_ENCODE, "encode to Arrow"),
            Map.entry(RapidbyteMetrics.SOURCE_OTHER, "other"),
            Map.entry(RapidbyteMetrics.CLAIM, "claim units"),
            Map.entry(RapidbyteMetrics.EMIT, "emit batches"),
            Map.entry(RapidbyteMetrics.DEST_WRITE, "writing"),
            Map.entry(RapidbyteMetrics.DEST_RECV_PROCESS, "writing without waiting"),
            Map.entry(RapidbyteMetrics.DEST_CONNECT, "connect"),
            Map.entry(RapidbyteMetrics.DEST_APPLY, "prepare tables"),
            Map.entry(RapidbyteMetrics.DEST_RECV_WAIT, "wait for batches"),
            Map.entry(RapidbyteMetrics.DEST_ARROW_DECODE, "decode from Arrow"),
            Map.entry(RapidbyteMetrics.DEST_FLUSH, "flush to the server"),
            Map.entry(RapidbyteMetrics.DEST_COMMIT, "commit"),
            Map.entry(RapidbyteMetrics.DEST_OTHER, "other"),
            Map.entry(RapidbyteMetrics.SINK_ENQUEUE_WAIT, "waiting for a full queue"),
            Map.entry(RapidbyteMetrics.SINK_COMMIT_WAIT, "waiting for a commit"),
            Map.entry(RapidbyteMetrics.SOURCE_PLAN, "planning"),
            Map.entry(RapidbyteMetrics.DEST_FINALIZE, "finalizing"),
            Map.entry(RapidbyteMetrics.SOURCE_VM_SETUP, "opening the source"),
            Map.entry(RapidbyteMetrics.DEST_VM_SETUP, "opening the destination"),
            Map.entry(RapidbyteMetrics.COMPRESS, "compressing"),
            Map.entry(RapidbyteMetrics.DECOMPRESS, "decompressing"),
            Map.entry(RapidbyteMetrics.MODULE_LOAD, "loading modules"),
            Map.entry(ProcessCpu.PROCESS_CPU, "processor time of this process"));

    private PhaseNames() {}

    /**
     * The name for people.
     *
     * @param metric one of {@link RapidbyteMetrics}; what is not known here goes by itself
     */
    public static String of(String metric) {
        return NAMES.getOrDefault(metric, metric);
    }
}
