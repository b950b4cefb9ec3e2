// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.util.HashMap;
import java.util.Map;

/**
 * The rows of each stream that one worker has done. A worker is an instance of the DoFn that reads or writes: it has one connector instance at work at a time, and a runner
 * has as many as work side by side.
 *
 * <p>Beam's metrics know no workers, and what they add up is the sum over all. So each worker counts itself once, and gives what it has done so far to a
 * distribution after each piece of work: the greatest value there is what the busiest worker has done in the end.
 */
final class WorkerRecords {
    private final String workers;
    private final String most;
    private final Map<String, Long> recordsByStream = new HashMap<>();

    private WorkerRecords(String workers, String most) {
        this.workers = workers;
        this.most = most;
    }

    static WorkerRecords ofSource() {
        return new WorkerRecords(RapidbyteMetrics.SOURCE_WORKERS, RapidbyteMetrics.SOURCE_WORKER_RECORDS_MAX);
    }

    static WorkerRecords ofDestination() {
        return new WorkerRecords(RapidbyteMetrics.DEST_WORKERS, RapidbyteMetrics.DEST_WORKER_RECORDS_MAX);
    }

    /** Adds rows of the stream that the metrics are of. None count as well: the worker was there for more. */
    void add(StreamMetrics metrics, long records) {
        if (!recordsByStream.containsKey(metrics.stream())) {
            metrics.add(workers, 1);
        }
        metrics.reach(most, recordsByStream.merge(metrics.stream(), records, Long::sum));
    }
}
