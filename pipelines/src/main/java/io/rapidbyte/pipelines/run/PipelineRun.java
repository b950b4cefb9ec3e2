// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.beam.io.LocalWriters;
import io.rapidbyte.beam.io.PhaseReport;
import io.rapidbyte.beam.io.RapidbyteMetrics;
import io.rapidbyte.beam.io.RunReport;
import io.rapidbyte.beam.io.StreamReport;
import io.rapidbyte.pipelines.config.Parallelism;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WasmHost;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.beam.sdk.PipelineResult;
import org.joda.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of a pipeline, from its preflight to its summary. When it fails or the process is told to end, the destination
 * is told to remove what the run left outside of its targets.
 */
public final class PipelineRun {
    private static final Logger LOG = LoggerFactory.getLogger(PipelineRun.class);
    private static final Duration LOOK = Duration.millis(100);
    /** How long the end of the process may be held up by the cleaning up of a run. */
    private static final long PATIENCE_SECONDS = 10;

    private final PreparedPipeline pipeline;
    private final RunOptions options;
    private final String runId = UUID.randomUUID().toString();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile Thread runner;
    private volatile PipelineResult result;
    private volatile boolean interrupted;

    private PipelineRun(PreparedPipeline pipeline, RunOptions options) {
        this.pipeline = pipeline;
        this.options = options;
    }

    /**
     * Runs a pipeline to its end.
     *
     * @throws PreflightException when it cannot run; nothing was written then
     * @throws ConnectorException when a connector failed, among others
     * @throws RunInterruptedException when this thread or the process was told to end
     * @throws RunFailedException when the runner failed for a reason of its own
     */
    public static RunSummary run(PreparedPipeline pipeline, RunOptions options) {
        return new PipelineRun(pipeline, options).run();
    }

    private RunSummary run() {
        runner = Thread.currentThread();
        ProgressListener progress = options.progress();
        ExitHooks.Registration atExit = ExitHooks.register(this::interrupt);
        try {
            LOG.debug("run {} of pipeline {}", runId, pipeline.name());
            long start = System.nanoTime();
            Warmup.start(pipeline.destination().module());
            progress.step("checking " + pipeline.source().module().name() + " and "
                    + pipeline.destination().module().name());
            try (Preflight.Departure departure = Preflight.depart(pipeline, runId)) {
                List<StreamPlan> plans = departure.plans();
                long moving = System.nanoTime();
                progress.step("starting the " + options.runner().name().toLowerCase(Locale.ROOT) + " runner");
                try {
                    return move(plans, start, moving);
                } catch (RuntimeException | Error e) {
                    cleanUp(plans);
                    if (interrupted) {
                        throw new RunInterruptedException(e);
                    }
                    throw e;
                }
            }
        } finally {
            progress.done();
            atExit.close();
            ended.countDown();
        }
    }

    private RunSummary move(List<StreamPlan> plans, long start, long moving) {
        int parallelism =
                pipeline.resources().parallelism().on(Runtime.getRuntime().availableProcessors());
        if (pipeline.resources().parallelism().equals(Parallelism.AUTO)) {
            parallelism = WideRows.most(parallelism, plans, Runtime.getRuntime().maxMemory());
        }
        try (FlinkFolder folder = FlinkFolder.create()) {
            result = PipelineGraph.build(
                            pipeline,
                            plans,
                            runId,
                            options.runner().options(parallelism, folder),
                            options.runner().maxInitialSplits(parallelism),
                            options.between())
                    .run();
            StreamClock clock = new StreamClock(moving);
            PipelineResult.State state = watch(plans, moving, clock);
            if (state != PipelineResult.State.DONE) {
                throw new RunFailedException(
                        "The run ended in the state " + state + ", and the runner does not say why.");
            }
            return summary(plans, parallelism, clock, start, moving);
        } catch (IOException e) {
            throw new RunFailedException("The folder for temporary files cannot be written: " + e.getMessage(), e);
        }
    }

    private PipelineResult.State watch(List<StreamPlan> plans, long moving, StreamClock clock) {
        while (true) {
            PipelineResult.State state = result.waitUntilFinish(LOOK);
            if (Thread.currentThread().isInterrupted()) {
                interrupted = true;
            }
            if (interrupted) {
                throw new RunInterruptedException(null);
            }
            if (options.runner().isWatchable()) {
                look(plans, moving, clock);
            }
            if (state != null && state.isTerminal()) {
                return state;
            }
        }
    }

    private void look(List<StreamPlan> plans, long moving, StreamClock clock) {
        RunReport report = RunReport.of(result);
        long now = System.nanoTime();
        List<RunProgress.Stream> streams = new ArrayList<>();
        for (StreamPlan plan : plans) {
            String name = plan.stream().name();
            StreamReport stream = report.streams().get(name);
            if (stream == null) {
                streams.add(new RunProgress.Stream(name, plan.estimatedRows(), 0, 0, 0));
                continue;
            }
            long read = stream.get(RapidbyteMetrics.RECORDS_READ);
            long written = stream.get(RapidbyteMetrics.RECORDS_WRITTEN);
            streams.add(new RunProgress.Stream(
                    name, plan.estimatedRows(), read, written, stream.get(RapidbyteMetrics.BYTES_WRITTEN)));
            clock.look(
                    name,
                    read
                            + written
                            + stream.get(RapidbyteMetrics.READ_BUNDLES)
                            + stream.get(RapidbyteMetrics.DEST_FINALIZE),
                    now);
        }
        clock.looked(now);
        options.progress().update(new RunProgress(java.time.Duration.ofNanos(now - moving), streams));
    }

    private RunSummary summary(List<StreamPlan> plans, int parallelism, StreamClock clock, long start, long moving) {
        RunReport report = RunReport.of(result);
        Map<String, Long> metrics = new TreeMap<>();
        report.streams()
                .values()
                .forEach(
                        stream -> stream.metrics().forEach((metric, value) -> metrics.merge(metric, value, Long::sum)));
        List<RunSummary.Stream> streams = new ArrayList<>();
        for (StreamPlan plan : plans) {
            String name = plan.stream().name();
            StreamReport stream = report.streams().get(name);
            streams.add(
                    stream == null
                            ? new RunSummary.Stream(name, 0, 0, 0, 0, 0)
                            : new RunSummary.Stream(
                                    name,
                                    stream.get(RapidbyteMetrics.RECORDS_READ),
                                    stream.get(RapidbyteMetrics.RECORDS_WRITTEN),
                                    stream.get(RapidbyteMetrics.RECORDS_REFUSED),
                                    stream.get(RapidbyteMetrics.BYTES_WRITTEN),
                                    clock.seconds(name)));
        }
        return new RunSummary(
                pipeline.name(),
                runId,
                options.runner().name().toLowerCase(Locale.ROOT),
                parallelism,
                streams,
                (System.nanoTime() - start) / 1e9,
                (moving - start) / 1e9,
                sum(report, StreamReport::read),
                sum(report, StreamReport::write),
                metrics);
    }

    private static PhaseReport sum(RunReport report, Function<StreamReport, PhaseReport> side) {
        long whole = 0;
        Map<String, Long> phases = new LinkedHashMap<>();
        for (StreamReport stream : report.streams().values()) {
            PhaseReport one = side.apply(stream);
            whole += one.wholeNanos();
            one.phases().forEach((phase, nanos) -> phases.merge(phase, nanos, Long::sum));
        }
        return new PhaseReport(whole, phases);
    }

    /** Comes from the thread that ends the process. */
    private void interrupt() {
        interrupted = true;
        runner.interrupt();
        try {
            if (!ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("Run {} did not end within {} seconds of being told to.", runId, PATIENCE_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void cleanUp(List<StreamPlan> plans) {
        // Whatever is cleaned up below must not be undone by a bundle that is still at work, nor be stopped by an
        // interrupt.
        boolean wasInterrupted = Thread.interrupted();
        cancel();
        endWriters();
        List<StreamSpec> streams = plans.stream().map(StreamPlan::stream).toList();
        PreparedPipeline.Connector connector = pipeline.destination();
        InstanceOptions instance =
                InstanceOptions.of(runId).withGrants(connector.grants()).withLimits(connector.limits());
        try (DestinationConnector destination =
                WasmHost.shared().openDestination(connector.module(), connector.config(), instance)) {
            destination.teardown(streams, "failed");
        } catch (ConnectorException e) {
            LOG.warn("What run {} left behind in the destination could not be removed: {}", runId, e.getMessage());
        } finally {
            LocalWriters.forget(runId);
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void endWriters() {
        try {
            if (!LocalWriters.end(runId, java.time.Duration.ofSeconds(PATIENCE_SECONDS / 2))) {
                LOG.warn(
                        "What writes or finalizes run {} did not end within {} seconds of being told to.",
                        runId,
                        PATIENCE_SECONDS / 2);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void cancel() {
        PipelineResult running = result;
        if (running == null || running.getState().isTerminal()) {
            return;
        }
        try {
            running.cancel();
        } catch (IOException | UnsupportedOperationException e) {
            LOG.debug("the runner could not be told to stop", e);
        }
    }
}
