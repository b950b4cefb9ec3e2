// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.beam.io.RunReport;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One execution of one Beam graph, over some of a run's streams. */
final class GraphRun {
    private static final Logger LOG = LoggerFactory.getLogger(GraphRun.class);
    private static final org.joda.time.Duration LOOK = org.joda.time.Duration.millis(100);
    private static final Duration PATIENCE = Duration.ofSeconds(6);

    private final List<StreamTask> tasks;
    private final boolean isWatchable;
    private final Duration patience;
    private PipelineResult result;

    /** The graph as a job of a runner that does not return before it has ended; null while there is none. */
    private Submissions.Job job;

    private boolean cancelled;

    GraphRun(List<StreamTask> tasks, boolean isWatchable) {
        this(tasks, isWatchable, PATIENCE);
    }

    /**
     * Of these streams.
     *
     * @param patience how long it may take to make sure that a job has ended
     */
    GraphRun(List<StreamTask> tasks, boolean isWatchable, Duration patience) {
        this.tasks = List.copyOf(tasks);
        this.isWatchable = isWatchable;
        this.patience = patience;
    }

    List<StreamTask> tasks() {
        return tasks;
    }

    /**
     * Executes the graph to its end.
     *
     * @throws JobLostException when the runner has failed, and it is not certain that its job has ended
     * @throws RunFailedException when the runner ends otherwise than well and does not say why; what it says is thrown as it is
     */
    void run(Pipeline graph) {
        PipelineResult running;
        try {
            running = Submissions.listen(this::submitted, graph::run);
        } catch (RuntimeException | Error e) {
            requireEnd(e);
            throw e;
        } finally {
            synchronized (this) {
                job = null;
            }
        }
        synchronized (this) {
            result = running;
            if (cancelled) {
                cancelNow();
            }
        }
        PipelineResult.State state;
        do {
            state = running.waitUntilFinish(LOOK);
        } while (!isCancelled() && (state == null || !state.isTerminal()));
        look(true);
        if (state != PipelineResult.State.DONE) {
            throw new RunFailedException("The run ended in the state " + state + ", and the runner does not say why.");
        }
    }

    /**
     * Makes sure that a job has ended when its runner has failed: a runner that has lost its cluster fails, too, and the job goes on.
     *
     * @throws JobLostException when that is not certain
     */
    private void requireEnd(Throwable failure) {
        Submissions.Job submitted;
        synchronized (this) {
            submitted = job;
        }
        if (submitted == null || JobEnd.isCertain(submitted, patience)) {
            return;
        }
        JobLostException lost = new JobLostException(submitted.name(), failure);
        if (isCancelled()) {
            // Whoever cancelled it listens to nothing any more.
            LOG.warn(lost.getMessage());
        }
        throw lost;
    }

    private synchronized void submitted(Submissions.Job submitted) {
        LOG.debug("job {} was submitted", submitted.name());
        job = submitted;
        if (cancelled) {
            cancelNow();
        }
    }

    /** Takes what the runner has counted so far. */
    void look() {
        look(false);
    }

    private void look(boolean ended) {
        PipelineResult running;
        synchronized (this) {
            running = result;
        }
        if (running == null || !ended && !isWatchable) {
            return;
        }
        RunReport report = RunReport.of(running);
        tasks.forEach(task -> task.measured(report.streams().get(task.name())));
    }

    /** Makes it end soon. */
    synchronized void cancel() {
        if (!cancelled) {
            cancelled = true;
            cancelNow();
        }
    }

    private synchronized boolean isCancelled() {
        return cancelled;
    }

    private void cancelNow() {
        if (job != null) {
            JobEnd.tellToEnd(job);
            return;
        }
        try {
            if (result != null && !result.getState().isTerminal()) {
                result.cancel();
            }
        } catch (IOException | RuntimeException e) {
            // Others are to be told, too.
            LOG.debug("the runner could not be told to stop", e);
        }
    }
}
