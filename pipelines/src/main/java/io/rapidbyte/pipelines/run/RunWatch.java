// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.beam.io.ConnectorFailures;
import io.rapidbyte.beam.io.PhaseReport;
import io.rapidbyte.beam.io.RapidbyteMetrics;
import io.rapidbyte.beam.io.StreamReport;
import io.rapidbyte.pipelines.run.RunProgress.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/** Looks at the streams of a run while they move, and says at the end what became of them. */
final class RunWatch {
    /** The distance of two looks. */
    static final Duration LOOK = Duration.ofMillis(100);

    private final String pipeline;
    private final String runId;
    private final RunOptions options;
    private final List<StreamTask> tasks;
    private final long start;
    private final long moving;
    private final Autotune.Tuning tuning;
    private final StreamClock clock;
    private final ProcessCpu cpu = ProcessCpu.start();
    private long end;

    /**
     * Begins to watch.
     *
     * @param start when the run began, by {@link System#nanoTime}
     * @param moving when data began to move
     * @param tuning what the run goes by
     */
    RunWatch(
            String pipeline,
            String runId,
            RunOptions options,
            List<StreamTask> tasks,
            long start,
            long moving,
            Autotune.Tuning tuning) {
        this.pipeline = pipeline;
        this.runId = runId;
        this.options = options;
        this.tasks = List.copyOf(tasks);
        this.start = start;
        this.moving = moving;
        this.tuning = tuning;
        this.clock = new StreamClock(moving);
    }

    /** Tells how far the streams are. */
    void look() {
        if (!options.runner().isWatchable()) {
            return;
        }
        long now = System.nanoTime();
        List<RunProgress.Stream> streams = new ArrayList<>();
        for (StreamTask task : tasks) {
            StreamReport report = task.report();
            streams.add(new RunProgress.Stream(
                    task.name(),
                    task.status(),
                    task.attempts(),
                    task.plan().estimatedRows(),
                    task.plan().estimatedBytes(),
                    report.recordsRead(),
                    report.recordsWritten(),
                    report.bytesWritten()));
            clock.look(task.name(), task.activity(), now);
        }
        clock.looked(now);
        options.progress().update(new RunProgress(Duration.ofNanos(now - moving), streams));
    }

    /** Takes the last look. */
    void end() {
        look();
        end = System.nanoTime();
    }

    /** How long a stream took; 0 where the runner does not tell. After {@link #end()}. */
    double seconds(String stream) {
        return clock.seconds(stream);
    }

    /**
     * What the run did; after {@link #end()}.
     *
     * @param complete streams that the run it goes on with had completed
     */
    RunSummary summary(Set<String> complete) {
        List<StreamReport> reports =
                tasks.stream().flatMap(task -> task.reports().stream()).toList();
        Map<String, Long> metrics = combined(reports);
        if (options.runner() == RunnerKind.DIRECT) {
            metrics.putAll(cpu.metrics());
        }
        List<RunSummary.Stream> streams = new ArrayList<>();
        for (StreamTask task : tasks) {
            streams.add(stream(task));
        }
        for (String name : complete) {
            streams.add(new RunSummary.Stream(name, 0, 0, 0, 0, 0)
                    .ended(Status.DONE, 0, null)
                    .asResumed());
        }
        return new RunSummary(
                pipeline,
                runId,
                options.runner().name().toLowerCase(Locale.ROOT),
                tuning.parallelism(),
                streams,
                (end - start) / 1e9,
                (moving - start) / 1e9,
                sum(reports, StreamReport::read),
                sum(reports, StreamReport::write),
                metrics,
                tuning.choices());
    }

    /** What became of a stream: the rows of its last attempt, and the time of all of them. */
    private RunSummary.Stream stream(StreamTask task) {
        StreamReport report = task.report();
        Throwable failure = task.failure();
        String error = failure == null
                ? null
                : ConnectorFailures.find(failure).map(Throwable::getMessage).orElse(failure.getMessage());
        return new RunSummary.Stream(
                task.name(),
                report.recordsRead(),
                report.recordsWritten(),
                report.recordsRefused(),
                report.bytesWritten(),
                clock.seconds(task.name()),
                task.status(),
                task.attempts(),
                report.get(RapidbyteMetrics.DEAD_LETTERS),
                error,
                task.resumed(),
                combined(task.reports()));
    }

    private static Map<String, Long> combined(List<StreamReport> reports) {
        Map<String, Long> metrics = new TreeMap<>();
        reports.forEach(report -> report.metrics()
                .forEach((metric, value) ->
                        metrics.merge(metric, value, (one, other) -> RapidbyteMetrics.combine(metric, one, other))));
        return metrics;
    }

    private static PhaseReport sum(List<StreamReport> reports, Function<StreamReport, PhaseReport> side) {
        long whole = 0;
        Map<String, Long> phases = new LinkedHashMap<>();
        for (StreamReport report : reports) {
            PhaseReport one = side.apply(report);
            whole += one.wholeNanos();
            one.phases().forEach((phase, nanos) -> phases.merge(phase, nanos, Long::sum));
        }
        return new PhaseReport(whole, phases);
    }
}
