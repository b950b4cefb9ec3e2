// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.io.Serializable;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What was done for one stream.
 *
 * @param stream the stream's name as the pipeline has it
 * @param metrics every metric of the stream by its name in {@link RapidbyteMetrics}, over all connectors, sorted
 */
public record StreamReport(String stream, SortedMap<String, Long> metrics) implements Serializable {
    private static final List<String> READ_PHASES = List.of(
            RapidbyteMetrics.SOURCE_CONNECT,
            RapidbyteMetrics.SOURCE_QUERY,
            RapidbyteMetrics.SOURCE_FETCH,
            RapidbyteMetrics.SOURCE_DECODE,
            RapidbyteMetrics.SOURCE_ARROW_ENCODE,
            RapidbyteMetrics.SOURCE_OTHER,
            RapidbyteMetrics.CLAIM,
            RapidbyteMetrics.EMIT);

    private static final List<String> WRITE_PHASES = List.of(
            RapidbyteMetrics.DEST_CONNECT,
            RapidbyteMetrics.DEST_APPLY,
            RapidbyteMetrics.DEST_RECV_WAIT,
            RapidbyteMetrics.DEST_ARROW_DECODE,
            RapidbyteMetrics.DEST_FLUSH,
            RapidbyteMetrics.DEST_COMMIT,
            RapidbyteMetrics.DEST_OTHER);

    /** Copies the map. */
    public StreamReport {
        metrics = Collections.unmodifiableSortedMap(new TreeMap<>(metrics));
    }

    /** A metric's value; 0 when nothing was reported. */
    public long get(String metric) {
        return metrics.getOrDefault(metric, 0L);
    }

    /** Rows emitted by the source. */
    public long recordsRead() {
        return get(RapidbyteMetrics.RECORDS_READ);
    }

    /** Bytes of Arrow frames emitted by the source. */
    public long bytesRead() {
        return get(RapidbyteMetrics.BYTES_READ);
    }

    /** Rows committed in the destination. */
    public long recordsWritten() {
        return get(RapidbyteMetrics.RECORDS_WRITTEN);
    }

    /** Rows that the destination refused and that were left out. */
    public long recordsRefused() {
        return get(RapidbyteMetrics.RECORDS_REFUSED);
    }

    /** Bytes of Arrow frames committed in the destination. */
    public long bytesWritten() {
        return get(RapidbyteMetrics.BYTES_WRITTEN);
    }

    /** Where reading spent its time. */
    public PhaseReport read() {
        return phases(RapidbyteMetrics.SOURCE_READ, READ_PHASES);
    }

    /** Where writing spent its time. */
    public PhaseReport write() {
        return phases(RapidbyteMetrics.DEST_WRITE, WRITE_PHASES);
    }

    private PhaseReport phases(String whole, List<String> names) {
        Map<String, Long> phases = new LinkedHashMap<>();
        names.forEach(name -> phases.put(name, get(name)));
        return new PhaseReport(get(whole), phases);
    }
}
