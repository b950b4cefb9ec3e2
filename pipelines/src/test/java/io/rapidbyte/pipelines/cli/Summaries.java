// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.beam.io.StreamReport;
import io.rapidbyte.pipelines.run.ProcessCpu;
import io.rapidbyte.pipelines.run.RecordedMetrics;
import io.rapidbyte.pipelines.run.RunProgress.Status;
import io.rapidbyte.pipelines.run.RunSummary;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Summaries of runs, with the metrics of real ones. */
final class Summaries {
    private Summaries() {}

    /** Two streams that were done at once. */
    static RunSummary done() {
        RunSummary run = RecordedMetrics.of("slow-destination").summary();
        return of(
                run,
                List.of(
                        new RunSummary.Stream("events", 400_000, 400_000, 0, 50_081_008, 4.2),
                        new RunSummary.Stream("countries", 0, 0, 0, 1_100, 0)),
                run.metrics(),
                List.of());
    }

    /** A run in which everything happened that can: attempts, dead letters, an end of an earlier run, a failure, and a stream that was not begun. */
    static RunSummary eventful() {
        RunSummary run = RecordedMetrics.of("slow-source-flink").summary();
        Map<String, Long> metrics = new HashMap<>(run.metrics());
        metrics.put("compress_nanos", 120_000_000L);
        metrics.put("compress_bytes_in", 113_840_000L);
        metrics.put("compress_bytes_out", 45_536_000L);
        metrics.put("source_host_tcp_read_nanos", 6_000_000_000L);
        metrics.put("source_host_tcp_read_count", 900L);
        metrics.put("source_host_tcp_read_bytes", 50_000_000L);
        metrics.put("dest_host_next_batch_count", 61L);
        metrics.put(ProcessCpu.PROCESS_CPU, 4_380_000_000L);
        metrics.put(ProcessCpu.PROCESS_CORES, 2L);
        StreamReport events = new StreamReport(
                "events",
                new TreeMap<>(Map.of(
                        "records_read", 1_000_000L,
                        "records_written", 998_766L,
                        "records_refused", 1_234L,
                        "dead_letters", 1_200L,
                        "bytes_written", 104_200_000L,
                        "source_read_nanos", 3_000_000_000L,
                        "source_workers", 2L,
                        "source_worker_records_max", 600_000L)));
        RunSummary.Stream orders = new RunSummary.Stream("orders", 250_000, 250_000, 0, 9_560_000, 5.5);
        return of(
                run,
                List.of(
                        RunSummary.Stream.of(events, 3.2).ended(Status.DONE, 3, null),
                        orders.asResumed(),
                        new RunSummary.Stream("payments", 5_000, 2_000, 0, 80_000, 0.4)
                                .ended(
                                        Status.FAILED,
                                        4,
                                        "dest-postgres refused a row of payments: value too long for type character varying(3)."),
                        new RunSummary.Stream("customers", 0, 0, 0, 0, 0).ended(Status.WAITING, 0, null)),
                metrics,
                List.of(new RunSummary.Choice("resources.parallelism", "2", "as many as there are processors")));
    }

    private static RunSummary of(
            RunSummary run,
            List<RunSummary.Stream> streams,
            Map<String, Long> metrics,
            List<RunSummary.Choice> choices) {
        return new RunSummary(
                "shop",
                "run-1",
                run.runner(),
                run.parallelism(),
                streams,
                run.seconds(),
                run.preflightSeconds(),
                run.reading(),
                run.writing(),
                metrics,
                choices);
    }
}
