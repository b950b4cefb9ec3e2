// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.beam.io.ConnectorFailures;
import io.rapidbyte.pipelines.state.PipelineLock;
import io.rapidbyte.pipelines.state.RunRecord;
import io.rapidbyte.pipelines.state.RunStatus;
import io.rapidbyte.pipelines.state.StateLocation;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StateStores;
import io.rapidbyte.pipelines.state.StreamPosition;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.SyncMode;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of a pipeline, from its preflight to its summary.
 *
 * <p>What is going to be read, and how, is written down before any of it is, and each stream together with where it ended once it is complete; so that
 * a run which ends in whatever way, at whatever moment, is one that the next goes on with, or does over, and no row is lost or doubled.
 */
public final class PipelineRun {
    private static final Logger LOG = LoggerFactory.getLogger(PipelineRun.class);

    /** How long the end of the process may be held up by the cleaning up of a run. */
    private static final long PATIENCE_SECONDS = 10;

    private static final int DEFAULT_RETRIES = 3;

    private final PreparedPipeline pipeline;
    private final RunOptions options;
    private final String runId = UUID.randomUUID().toString();
    private final Instant started = Instant.now();
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile Thread runner;

    private PipelineRun(PreparedPipeline pipeline, RunOptions options) {
        this.pipeline = pipeline;
        this.options = options;
    }

    /**
     * Runs a pipeline to its end.
     *
     * @throws PreflightException when it cannot run; nothing was written then
     * @throws RunRefusedException when it cannot run as it is now, after what an earlier run has done; nothing was written then
     * @throws io.rapidbyte.pipelines.state.PipelineBusyException when it is running already
     * @throws io.rapidbyte.pipelines.state.StateException when what it remembers cannot be read or written
     * @throws ConnectorException when a connector failed before data began to move
     * @throws StreamsFailedException when streams failed; the others are complete, but for those that had not begun with {@code fail_fast}
     * @throws RunInterruptedException when this thread or the process was told to end
     */
    public static RunSummary run(PreparedPipeline pipeline, RunOptions options) {
        return new PipelineRun(pipeline, options).run();
    }

    private RunSummary run() {
        runner = Thread.currentThread();
        requireRunner();
        ExitHooks.Registration atExit = ExitHooks.register(this::interrupt);
        try (StateStore store = options.state() == null ? new Forgetful() : StateStores.open(options.state());
                PipelineLock lock = store.lock(pipeline.name())) {
            LOG.debug("run {} of pipeline {}", runId, pipeline.name());
            store.begin(record(RunStatus.RUNNING, null));
            try {
                RunSummary summary = remembered(store, lock);
                store.end(record(RunStatus.DONE, null));
                return summary;
            } catch (RunInterruptedException e) {
                endBadly(store, RunStatus.INTERRUPTED, e);
                throw e;
            } catch (RuntimeException | Error e) {
                endBadly(store, RunStatus.FAILED, e);
                throw e;
            }
        } finally {
            options.progress().done();
            atExit.close();
            ended.countDown();
        }
    }

    /** What cannot work is refused before anything is written down. */
    private void requireRunner() {
        List<String> beamOptions = options.overrides().beamOptions();
        try (FlinkFolder folder = FlinkFolder.create()) {
            options.runner().options(1, folder, beamOptions);
        } catch (IOException e) {
            throw new RunFailedException("The folder for temporary files cannot be written: " + e.getMessage(), e);
        }
        if (options.state() != null
                && options.state().backend() == StateLocation.Backend.SQLITE
                && !options.runner().worksInThisProcess(beamOptions)) {
            throw new RunRefusedException(
                    "Pipeline " + pipeline.name()
                            + " keeps its state in a file of this machine, which the workers of the runner cannot write to. Keep it in a database that"
                            + " they reach: state: {backend: postgres, connection: \"postgres://user:${STATE_PASSWORD}@host:5432/database\"}.");
        }
    }

    private RunSummary remembered(StateStore store, PipelineLock lock) {
        long start = System.nanoTime();
        Warmup.start(pipeline.destination().module());
        List<StreamSpec> streams = fromWhereTheyEnded(store);
        options.progress()
                .step("checking " + pipeline.source().module().name() + " and "
                        + pipeline.destination().module().name());
        Recovery recovery = Recovery.of(pipeline, streams, store);
        List<StreamSpec> left = new ArrayList<>(streams);
        left.removeIf(stream -> recovery.complete().containsKey(stream.name()));
        recovery.complete()
                .forEach((stream, since) -> options.progress()
                        .note("Stream " + stream + " is complete since run " + since.runId()
                                + ", which is gone on with."));
        if (left.isEmpty()) {
            Autotune.Tuning nothing = tune(List.of());
            RunWatch watch =
                    new RunWatch(pipeline.name(), runId, options, List.of(), start, System.nanoTime(), nothing);
            watch.end();
            return watch.summary(recovery.complete().keySet());
        }
        try (Preflight.Departure departure = depart(left, recovery)) {
            StreamRuns runs = new StreamRuns(pipeline, options, runId, store, lock, departure, stopping, retries());
            List<StreamTask> tasks = runs.begin(left, recovery);
            long moving = System.nanoTime();
            options.progress().step("starting the " + options.runner().name().toLowerCase(Locale.ROOT) + " runner");
            Autotune.Tuning tuning = tune(departure.plans());
            RunWatch watch = new RunWatch(pipeline.name(), runId, options, tasks, start, moving, tuning);
            runs.run(tasks, tuning.parallelism(), watch);
            RunSummary summary = watch.summary(recovery.complete().keySet());
            Map<String, Throwable> failures = StreamRuns.failures(tasks);
            // What came too late stops nothing.
            if (isStopping() && !summary.isDone()) {
                throw new RunInterruptedException(null);
            }
            if (!failures.isEmpty()) {
                throw new StreamsFailedException(summary, failures);
            }
            return summary;
        }
    }

    /** The streams with their positions, which have to be ones of what the file asks for now. */
    private List<StreamSpec> fromWhereTheyEnded(StateStore store) {
        List<StreamPosition> stored = store.positions(pipeline.name());
        Positions.of(pipeline).require(stored);
        Map<String, String> positions =
                stored.stream().collect(Collectors.toMap(StreamPosition::stream, StreamPosition::position));
        List<StreamSpec> streams = new ArrayList<>();
        for (StreamSpec stream : pipeline.streams()) {
            boolean goesOn = stream.syncMode() == SyncMode.INCREMENTAL && positions.containsKey(stream.name());
            streams.add(goesOn ? stream.withPosition(positions.get(stream.name())) : stream);
        }
        return streams;
    }

    private Preflight.Departure depart(List<StreamSpec> streams, Recovery recovery) {
        for (int failures = 1; ; failures++) {
            try {
                return Preflight.depart(pipeline, streams, recovery.plans(), runId);
            } catch (ConnectorException e) {
                if (isStopping()) {
                    throw new RunInterruptedException(e);
                }
                if (!e.error().retryable() || failures > retries()) {
                    throw e;
                }
                Duration wait = options.backoff().after(failures, e.error());
                String note = e.getMessage() + " " + again(wait, failures, retries());
                LOG.info(note);
                options.progress().note(note);
                if (await(stopping, wait)) {
                    throw new RunInterruptedException(e);
                }
            }
        }
    }

    /** For example {@code Trying again in 1.4 s (1 of 3).} */
    static String again(Duration wait, int failures, int retries) {
        return String.format(
                Locale.ROOT, "Trying again in %.1f s (%d of %d).", wait.toMillis() / 1e3, failures, retries);
    }

    private Autotune.Tuning tune(List<StreamPlan> plans) {
        Autotune.Tuning tuning = Autotune.of(
                pipeline.resources(),
                options.overrides().parallelism(),
                plans,
                Runtime.getRuntime().availableProcessors(),
                Runtime.getRuntime().maxMemory());
        tuning.choices()
                .forEach(choice -> LOG.info("{}: {}, because {}.", choice.name(), choice.value(), choice.reason()));
        return tuning;
    }

    private int retries() {
        Integer retries = pipeline.resources().maxRetries();
        return retries == null ? DEFAULT_RETRIES : retries;
    }

    private boolean isStopping() {
        return stopping.getCount() == 0 || Thread.currentThread().isInterrupted();
    }

    /** Comes from the thread that ends the process. */
    private void interrupt() {
        stopping.countDown();
        runner.interrupt();
        if (!await(ended, Duration.ofSeconds(PATIENCE_SECONDS))) {
            LOG.warn("Run {} did not end within {} seconds of being told to.", runId, PATIENCE_SECONDS);
        }
    }

    /** Whether it came within the time. */
    static boolean await(CountDownLatch latch, Duration most) {
        try {
            return latch.await(most.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private RunRecord record(RunStatus status, Throwable failure) {
        Optional<ConnectorException> connector = ConnectorFailures.find(failure);
        String code = failure == null ? null : failure.getClass().getSimpleName();
        String message = failure == null ? null : String.valueOf(failure.getMessage());
        return new RunRecord(
                runId,
                pipeline.name(),
                status,
                options.runner().name().toLowerCase(Locale.ROOT),
                started,
                status == RunStatus.RUNNING ? null : Instant.now(),
                connector.map(each -> each.error().code()).orElse(code),
                connector.map(Throwable::getMessage).orElse(message));
    }

    private void endBadly(StateStore store, RunStatus status, Throwable failure) {
        boolean wasInterrupted = Thread.interrupted();
        try {
            store.end(record(status, failure));
        } catch (RuntimeException e) {
            // It is seen to be dead by the next run all the same.
            failure.addSuppressed(e);
        } finally {
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
