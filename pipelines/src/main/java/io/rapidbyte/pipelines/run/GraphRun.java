// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.beam.io.RunReport;
import java.io.IOException;
import java.util.List;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.joda.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One execution of one Beam graph, over some of a run's streams. */
final class GraphRun {
    private static final Logger LOG = LoggerFactory.getLogger(GraphRun.class);
    private static final Duration LOOK = Duration.millis(100);

    private final List<StreamTask> tasks;
    private final boolean isWatchable;
    private PipelineResult result;

    /** The graph as a job of a runner that does not return before it has ended; null while there is none. */
    private Submissions.Job job;

    private boolean cancelled;

    GraphRun(List<StreamTask> tasks, boolean isWatchable) {
        this.tasks = List.copyOf(tasks);
        this.isWatchable = isWatchable;
    }

    List<StreamTask> tasks() {
        return tasks;
    }

    /**
     * Executes the graph to its end.
     *
     * @throws RunFailedException when the runner ends otherwise than well and does not say why; what it says is thrown as it is
     */
    void run(Pipeline graph) {
        PipelineResult running;
        try {
            running = Submissions.listen(this::submitted, graph::run);
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
            String name = job.name();
            job.cancel().whenComplete((done, failure) -> {
                if (failure != null) {
                    LOG.warn(
                            "Job {} could not be told to end, and may go on: {}. Cancel it where it runs.",
                            name,
                            failure.getMessage());
                }
            });
            return;
        }
        if (result == null || result.getState().isTerminal()) {
            return;
        }
        try {
            result.cancel();
        } catch (IOException | UnsupportedOperationException e) {
            LOG.debug("the runner could not be told to stop", e);
        }
    }
}
