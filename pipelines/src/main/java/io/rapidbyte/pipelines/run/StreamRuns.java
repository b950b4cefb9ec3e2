// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.beam.io.CommittedStream;
import io.rapidbyte.beam.io.ConnectorFailures;
import io.rapidbyte.beam.io.LocalWriters;
import io.rapidbyte.beam.io.StreamReport;
import io.rapidbyte.pipelines.state.CompletedStream;
import io.rapidbyte.pipelines.state.PipelineLock;
import io.rapidbyte.pipelines.state.StateException;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StreamRun;
import io.rapidbyte.pipelines.state.StreamStatus;
import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WriteMode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the streams of a run: side by side where the runner can, those that failed for a passing reason again, and the others although one failed.
 *
 * <p>What a stream is written under, its write run id, is its own where streams run apart, because what is at work on it is ended by this id.
 */
final class StreamRuns {
    private static final Logger LOG = LoggerFactory.getLogger(StreamRuns.class);

    /** How long what is at work may take to end when it is told to. Whoever presses Ctrl-C waits for it. */
    private static final Duration PATIENCE = Duration.ofMillis(900);

    /** The same where it is at work in other processes, which are told by a cluster. */
    private static final Duration PATIENCE_WITH_CLUSTERS = Duration.ofSeconds(6);

    /** By what connectors say that what is left of a stream cannot be told, because it is not what it was. */
    private static final Set<String> CHANGED =
            Set.of("batch_changed", "batch_missing", "parts_changed", "plan_changed", "table_rewritten", "target_lost");

    private final PreparedPipeline pipeline;
    private final RunOptions options;
    private final String runId;
    private final StateStore store;
    private final PipelineLock lock;
    private final CountDownLatch stopping;
    private final int retries;
    private final List<Preflight.Departure> departures = new ArrayList<>();
    private final Set<GraphRun> active = ConcurrentHashMap.newKeySet();
    private final AtomicInteger writeRuns = new AtomicInteger();
    private final AtomicReference<Throwable> defect = new AtomicReference<>();

    private long lockAsked = System.nanoTime();

    /** Whether a stream failed that the others are not to outlive. */
    private volatile boolean abandoned;

    StreamRuns(
            PreparedPipeline pipeline,
            RunOptions options,
            String runId,
            StateStore store,
            PipelineLock lock,
            Preflight.Departure departure,
            CountDownLatch stopping,
            int retries) {
        this.pipeline = pipeline;
        this.options = options;
        this.runId = runId;
        this.store = store;
        this.lock = lock;
        this.stopping = stopping;
        this.retries = retries;
        departures.add(departure);
    }

    /** Writes down how the streams are going to be moved. */
    List<StreamTask> begin(List<StreamSpec> streams, Recovery recovery) {
        Map<String, StreamPlan> plans = new LinkedHashMap<>();
        departures.get(0).plans().forEach(plan -> plans.put(plan.stream().name(), plan));
        boolean apart = options.runner().runsStreamsApart();
        String shared = nextWriteRunId();
        List<StreamTask> tasks = new ArrayList<>();
        for (StreamSpec stream : streams) {
            StreamRun begun = recovery.of(stream.name());
            String writeRunId =
                    begun != null ? begun.writeRunId() : tasks.isEmpty() || !apart ? shared : nextWriteRunId();
            tasks.add(new StreamTask(
                    stream, Fingerprint.of(pipeline, stream), plans.get(stream.name()), writeRunId, begun != null));
        }
        tasks.forEach(task -> store.plan(pipeline.name(), record(task, StreamStatus.BEGUN, 0)));
        // A run that was stopped in this process let nothing begin any more that it is written under.
        tasks.stream().filter(StreamTask::resumed).forEach(task -> LocalWriters.forget(task.writeRunId()));
        return tasks;
    }

    /**
     * Runs them, and returns when all have ended, well or not, and what they left has been removed.
     *
     * @param threads for all together
     */
    void run(List<StreamTask> tasks, int threads, RunWatch watch) {
        List<Thread> workers = options.runner().runsStreamsApart() ? apart(tasks, threads) : together(tasks, threads);
        workers.forEach(Thread::start);
        try {
            while (workers.stream().anyMatch(Thread::isAlive)) {
                if (PipelineRun.await(stopping, RunWatch.LOOK)
                        || Thread.currentThread().isInterrupted()) {
                    stop();
                    break;
                }
                active.forEach(GraphRun::look);
                watch.look();
                requireLock();
            }
            join(workers);
            cleanUpLeft(tasks);
            watch.end();
            reportAll(tasks, watch);
        } finally {
            synchronized (departures) {
                departures.stream().skip(1).forEach(Preflight.Departure::close);
            }
        }
        if (defect.get() instanceof Error error) {
            throw error;
        }
        if (defect.get() != null) {
            throw (RuntimeException) defect.get();
        }
    }

    /** Another run may have begun where the lock went with its connection. */
    private void requireLock() {
        long now = System.nanoTime();
        if (now - lockAsked < options.lockDistance().toNanos()) {
            return;
        }
        lockAsked = now;
        if (!lock.isHeld() && !abandoned) {
            defect.compareAndSet(
                    null,
                    new StateException(
                            "The run was ended because it has lost the lock of pipeline " + pipeline.name()
                                    + ", and another run may have begun. Run it again: it goes on with what is left.",
                            false,
                            null));
            abandon();
        }
    }

    /** What is left of streams that were stopped: all at once, and no longer than somebody waits who stopped them. */
    private void cleanUpLeft(List<StreamTask> tasks) {
        List<Thread> cleaners = tasks.stream()
                .filter(this::isLeft)
                .map(task -> worker("cleans-up-" + task.name(), () -> cleanUp(task)))
                .toList();
        cleaners.forEach(Thread::start);
        join(cleaners);
    }

    /** Why streams failed, in the order of the pipeline file. */
    static Map<String, Throwable> failures(List<StreamTask> tasks) {
        Map<String, Throwable> failures = new LinkedHashMap<>();
        for (StreamTask task : tasks) {
            if (task.status() == RunProgress.Status.FAILED) {
                failures.put(task.name(), task.failure());
            }
        }
        return failures;
    }

    private List<Thread> apart(List<StreamTask> tasks, int threads) {
        // Streams that an earlier run began as one job have one write run id, and cannot be ended one by one.
        Map<String, List<StreamTask>> groups = new LinkedHashMap<>();
        tasks.forEach(task -> groups.computeIfAbsent(task.writeRunId(), any -> new ArrayList<>())
                .add(task));
        Slots slots = new Slots(List.copyOf(groups.values()), threads);
        List<Thread> workers = new ArrayList<>();
        for (int i = 0; i < Math.min(threads, groups.size()); i++) {
            workers.add(worker("streams-" + i, () -> {
                for (Slots.Slot slot = slots.take(); slot != null; slot = slots.take()) {
                    try {
                        runGroup(slot.group(), slot.threads());
                    } finally {
                        slots.give(slot);
                    }
                    if (isOver()) {
                        slots.clear();
                    }
                }
            }));
        }
        return workers;
    }

    private List<Thread> together(List<StreamTask> tasks, int threads) {
        return List.of(worker("streams", () -> runGroup(tasks, threads)));
    }

    private interface Work {
        void run() throws InterruptedException;
    }

    private Thread worker(String name, Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (InterruptedException e) {
                        LOG.debug("{} was interrupted", name);
                    } catch (RuntimeException | Error e) {
                        defect.compareAndSet(null, e);
                        abandon();
                    }
                },
                "rapidbyte-" + name);
        thread.setDaemon(true);
        return thread;
    }

    /** Runs streams as one graph until they are complete, or have failed for good. */
    private void runGroup(List<StreamTask> whole, int threads) {
        Throwable last = null;
        List<StreamTask> group = whole;
        for (int failures = 0; !isOver(); failures++) {
            try {
                if (last != null) {
                    group = withoutComplete(group);
                    for (StreamTask task : group) {
                        again(task, last);
                    }
                }
                execute(group, threads);
                group.forEach(StreamTask::done);
                return;
            } catch (RuntimeException | Error e) {
                if (isOver()) {
                    return;
                }
                last = e;
                LOG.debug("attempt {} failed", failures + 1, e);
            }
            if (last instanceof JobLostException) {
                // Whatever is tried again would run beside it.
                fail(group, last);
                return;
            }
            if (group.size() == 1 && isCompleteAlready(group.get(0), last)) {
                group.get(0).done();
                return;
            }
            if (group.size() > 1 && !failsFast() && canBeRepeated()) {
                oneByOne(group, threads, last);
                return;
            }
            if (!waitForRetry(group, last, failures + 1)) {
                fail(group, last);
                return;
            }
        }
    }

    /** One of them is to blame, and nobody says which: each is run by itself, so that the others are not lost with it. */
    private void oneByOne(List<StreamTask> group, int threads, Throwable last) {
        LOG.info("{} streams failed as one job and are run one by one.", group.size());
        for (StreamTask task : withoutComplete(group)) {
            if (isOver()) {
                return;
            }
            List<StreamTask> alone = List.of(task);
            try {
                task.retrying();
                again(task, last);
            } catch (RuntimeException | Error e) {
                fail(alone, e);
                continue;
            }
            runGroup(alone, threads);
        }
    }

    /** Those of a job that failed which were not written down as complete before it did. */
    private List<StreamTask> withoutComplete(List<StreamTask> group) {
        Set<String> complete = store.streams(runId).stream()
                .filter(run -> run.status() == StreamStatus.DONE)
                .map(StreamRun::stream)
                .collect(Collectors.toSet());
        List<StreamTask> left = new ArrayList<>();
        for (StreamTask task : group) {
            if (complete.contains(task.name())) {
                task.done();
            } else {
                left.add(task);
            }
        }
        return left;
    }

    /**
     * Whether a stream turns out to have been finalized by the run that it goes on with, which did not get to write that down: the destination then has
     * an end of it, and maybe nothing else. It is written down now.
     */
    private boolean isCompleteAlready(StreamTask task, Throwable failure) {
        Optional<ConnectorException> connector = ConnectorFailures.find(failure);
        if (!task.resumed() || connector.isEmpty()) {
            return false;
        }
        ConnectorError error = connector.get().error();
        try {
            boolean hasEnded = error.category() == Category.DATA && error.code().equals("run_ended");
            if (!hasEnded && !(CHANGED.contains(error.code()) && isEnded(task))) {
                return false;
            }
            complete(task);
            return true;
        } catch (ConnectorException | StateException e) {
            failure.addSuppressed(e);
            return false;
        }
    }

    /** Whether it was finalized, and what its source has now is of no concern. */
    private boolean isEnded(StreamTask task) {
        return new PipelineGraph(pipeline, options, runId, 1, retries)
                .committed(task)
                .map(CommittedStream::isEnded)
                .orElse(false);
    }

    /** Writes down that a stream is complete which was finalized before. */
    private void complete(StreamTask task) {
        if (pipeline.keepsDeadLetters()) {
            LOG.warn(
                    "Stream {} is complete since a run that did not get to write that down: records that were left out of it at its end may be missing"
                            + " among the dead letters.",
                    task.name());
        }
        store.complete(
                runId,
                new CompletedStream(
                        task.name(),
                        0,
                        0,
                        0,
                        task.plan().position(),
                        task.spec().cursorField(),
                        StreamRoute.of(pipeline, task.spec()).json()));
    }

    private void execute(List<StreamTask> group, int threads) {
        group.forEach(StreamTask::begin);
        PipelineGraph graphs =
                new PipelineGraph(pipeline, options, runId, options.runner().maxInitialSplits(threads), retries);
        List<StreamTask> left = compare(group, graphs, threads);
        if (isOver()) {
            // What was not compared is not added to.
            throw new CancellationException("the run is over");
        }
        if (!left.isEmpty()) {
            execute(new GraphRun(left, options.runner().isWatchable()), threads, with -> graphs.build(left, with));
        }
    }

    /**
     * Makes sure that what is committed of streams is in the source as it was, before anything is added to it: rows that have moved meanwhile would be
     * lost, or there twice.
     *
     * @return those that are not complete already
     */
    private List<StreamTask> compare(List<StreamTask> group, PipelineGraph graphs, int threads) {
        Map<StreamTask, CommittedStream> committed = new LinkedHashMap<>();
        List<StreamTask> left = new ArrayList<>();
        for (StreamTask task : group) {
            Optional<CommittedStream> stream = task.isUncompared() && !isOver() ? ask(task, graphs) : Optional.empty();
            // Of one that has ended the dead letters come again, when they are to be kept.
            if (stream.isPresent() && stream.get().isEnded() && !pipeline.keepsDeadLetters()) {
                complete(task);
                task.done();
                continue;
            }
            left.add(task);
            stream.filter(some -> some.batches() > 0 && !some.isEnded()).ifPresent(some -> committed.put(task, some));
        }
        if (isOver()) {
            return left;
        }
        if (!committed.isEmpty()) {
            committed.forEach((task, stream) -> {
                String note = "%,d batches are there already, and are compared with the source first."
                        .formatted(stream.batches());
                LOG.info("Stream {}: {}", task.name(), note);
                options.progress().note(task.name() + ": " + note);
            });
            execute(new GraphRun(List.of(), false), threads, with -> graphs.compare(committed, with));
        }
        left.forEach(StreamTask::compared);
        return left;
    }

    private Optional<CommittedStream> ask(StreamTask task, PipelineGraph graphs) {
        Optional<CommittedStream> committed = graphs.committed(task);
        if (committed.isEmpty()) {
            LOG.warn(
                    "Stream {} is gone on with, and {} does not tell what is committed of it: rows that have moved in the source meanwhile may be missing or"
                            + " there twice.",
                    task.name(),
                    pipeline.destination().module().name());
        }
        return committed;
    }

    private void execute(GraphRun graph, int threads, Function<PipelineOptions, Pipeline> build) {
        active.add(graph);
        if (isOver()) {
            // Whoever ended the run may not have seen it.
            graph.cancel();
        }
        try (FlinkFolder folder = FlinkFolder.create()) {
            graph.run(build.apply(options.runner()
                    .options(threads, folder, options.overrides().beamOptions())));
        } catch (IOException e) {
            throw new RunFailedException("The folder for temporary files cannot be written: " + e.getMessage(), e);
        } finally {
            active.remove(graph);
            if (isOver()) {
                graph.cancel();
            }
        }
    }

    /** Whether rows that are there already are known again, or of no concern. */
    private boolean canBeRepeated() {
        return pipeline.writeMode() != WriteMode.APPEND || pipeline.writesOnce();
    }

    /** Waits until it is time to try again; false when it is not to be tried again. */
    private boolean waitForRetry(List<StreamTask> group, Throwable failure, int failures) {
        Optional<ConnectorException> connector = ConnectorFailures.find(failure);
        if (connector.isEmpty() || !connector.get().error().retryable() || !canBeRepeated() || failures > retries) {
            return false;
        }
        Duration wait = options.backoff().after(failures, connector.get().error());
        group.forEach(StreamTask::retrying);
        String note = connector.get().getMessage() + " " + PipelineRun.again(wait, failures, retries);
        LOG.info(note);
        options.progress().note(names(group) + ": " + note);
        return !PipelineRun.await(stopping, wait) && !isOver();
    }

    /** Makes a stream ready to be tried again. */
    private void again(StreamTask task, Throwable failure) {
        boolean ended = Leftovers.endWriters(task.writeRunId(), PATIENCE);
        boolean goesOn = isGoneOnWith();
        String writeRunId = task.writeRunId();
        if (!goesOn) {
            Leftovers.remove(pipeline, writeRunId, List.of(task.plan().stream()));
            writeRunId = nextWriteRunId();
        }
        if (ended || goesOn) {
            LocalWriters.forget(task.writeRunId());
        }
        StreamPlan plan = task.plan();
        boolean sameState = !isOfSource(failure);
        if (!sameState) {
            // The state that the run keeps may have gone with the connection.
            Preflight.Departure fresh = Preflight.depart(
                    pipeline, List.of(task.spec()), goesOn ? Map.of(task.name(), plan) : Map.of(), runId);
            synchronized (departures) {
                departures.add(fresh);
            }
            plan = fresh.plans().get(0);
        }
        task.again(plan, writeRunId, goesOn, sameState);
        store.plan(pipeline.name(), record(task, StreamStatus.BEGUN, 0));
    }

    private boolean isOfSource(Throwable failure) {
        return ConnectorFailures.find(failure)
                .map(each ->
                        !each.connector().equals(pipeline.destination().module().name()))
                .orElse(true);
    }

    /** Whether a stream that broke off is gone on with, and not begun anew. */
    private boolean isGoneOnWith() {
        return pipeline.writeMode() == WriteMode.APPEND && pipeline.writesOnce();
    }

    private void fail(List<StreamTask> group, Throwable failure) {
        List<StreamTask> failed = group;
        try {
            failed = withoutComplete(group);
        } catch (StateException e) {
            failure.addSuppressed(e);
        }
        for (StreamTask task : failed) {
            cleanUp(task);
            task.failed(explained(task, failure));
        }
        if (failsFast()) {
            abandon();
        }
    }

    /** What was begun by an earlier run, and cannot be gone on with, needs somebody to give it up. */
    private static Throwable explained(StreamTask task, Throwable failure) {
        ConnectorException connector = ConnectorFailures.find(failure).orElse(null);
        if (!task.resumed()
                || connector == null
                || !CHANGED.contains(connector.error().code())) {
            return failure;
        }
        return new ConnectorException(
                connector.connector(),
                connector
                        .error()
                        .withHint(
                                "An earlier run broke off in the midst of stream " + task.name()
                                        + ", and its table or target has changed since, so that what is left of it cannot be told. Give it up with"
                                        + " `rapidbyte teardown`: the rows that were appended stay, and the next run begins the stream anew."),
                connector);
    }

    /** What is gone on with keeps what it has. */
    private void cleanUp(StreamTask task) {
        boolean ended = Leftovers.endWriters(task.writeRunId(), PATIENCE);
        if (!isGoneOnWith()) {
            Leftovers.tryToRemove(pipeline, task.writeRunId(), List.of(task.plan().stream()));
        }
        if (ended && stopping.getCount() > 0) {
            LocalWriters.forget(task.writeRunId());
        }
    }

    private boolean isLeft(StreamTask task) {
        return task.status() == RunProgress.Status.MOVING || task.status() == RunProgress.Status.RETRYING;
    }

    private static String names(List<StreamTask> group) {
        return group.stream().map(StreamTask::name).collect(Collectors.joining(", "));
    }

    private boolean failsFast() {
        return options.overrides().failFast()
                || Boolean.TRUE.equals(pipeline.resources().failFast());
    }

    private boolean isOver() {
        return abandoned || stopping.getCount() == 0;
    }

    private void abandon() {
        abandoned = true;
        active.forEach(GraphRun::cancel);
    }

    private void stop() {
        stopping.countDown();
        abandon();
    }

    private void join(List<Thread> workers) {
        boolean wasInterrupted = Thread.interrupted();
        boolean isLocal =
                options.runner().worksInThisProcess(options.overrides().beamOptions());
        long deadline = System.nanoTime() + (isLocal ? PATIENCE : PATIENCE_WITH_CLUSTERS).toNanos();
        for (Thread worker : workers) {
            try {
                if (stopping.getCount() > 0) {
                    worker.join();
                } else {
                    worker.join(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
                }
            } catch (InterruptedException e) {
                wasInterrupted = true;
                stop();
            }
        }
        if (wasInterrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void reportAll(List<StreamTask> tasks, RunWatch watch) {
        for (StreamTask task : tasks) {
            StreamStatus status = switch (task.status()) {
                case DONE -> StreamStatus.DONE;
                case FAILED -> StreamStatus.FAILED;
                default -> StreamStatus.BEGUN;
            };
            try {
                store.report(record(task, status, watch.seconds(task.name())));
            } catch (StateException e) {
                // What has to be known of it is written down already.
                LOG.warn("What stream {} took was not written down. {}", task.name(), e.getMessage());
            }
        }
    }

    private StreamRun record(StreamTask task, StreamStatus status, double seconds) {
        StreamReport report = task.report();
        Throwable failure = task.failure();
        Optional<ConnectorException> connector = ConnectorFailures.find(failure);
        String message = failure == null ? null : String.valueOf(failure.getMessage());
        return new StreamRun(
                runId,
                task.name(),
                status,
                task.writeRunId(),
                task.fingerprint(),
                pipeline.writeMode().jsonName(),
                pipeline.writeMode() == WriteMode.APPEND && !pipeline.writesOnce() ? null : PlanJson.write(task.plan()),
                task.attempts(),
                report.recordsRead(),
                report.recordsWritten(),
                report.recordsRefused(),
                report.bytesWritten(),
                seconds,
                connector.map(each -> each.error().code()).orElse(null),
                connector.map(Throwable::getMessage).orElse(message));
    }

    private String nextWriteRunId() {
        int number = writeRuns.incrementAndGet();
        return number == 1 ? runId : runId + "-" + number;
    }
}
