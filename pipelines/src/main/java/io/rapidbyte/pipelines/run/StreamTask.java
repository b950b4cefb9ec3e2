// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.beam.io.RapidbyteMetrics;
import io.rapidbyte.beam.io.StreamReport;
import io.rapidbyte.pipelines.run.RunProgress.Status;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import java.util.ArrayList;
import java.util.List;

/** A stream of a run, through all of its attempts. Who runs it changes it, and others look. */
final class StreamTask {
    private final StreamSpec spec;
    private final boolean resumed;
    private final String fingerprint;
    private final List<StreamReport> formerAttempts = new ArrayList<>();
    private StreamPlan plan;
    private String writeRunId;
    private Status status = Status.WAITING;
    private StreamReport report;
    private Throwable failure;
    private int attempts;

    /** Whether what is committed of it was read in a state of the source that is gone. */
    private boolean uncompared;

    StreamTask(StreamSpec spec, String fingerprint, StreamPlan plan, String writeRunId, boolean resumed) {
        this.spec = spec;
        this.fingerprint = fingerprint;
        this.plan = plan;
        this.writeRunId = writeRunId;
        this.resumed = resumed;
        this.uncompared = resumed;
        this.report = none();
    }

    String name() {
        return spec.name();
    }

    /** What the pipeline asks for, from where the last run ended. */
    StreamSpec spec() {
        return spec;
    }

    String fingerprint() {
        return fingerprint;
    }

    /** Whether an earlier run began it. */
    boolean resumed() {
        return resumed;
    }

    synchronized StreamPlan plan() {
        return plan;
    }

    /** The run id under which its batches are written. */
    synchronized String writeRunId() {
        return writeRunId;
    }

    synchronized Status status() {
        return status;
    }

    synchronized int attempts() {
        return attempts;
    }

    synchronized Throwable failure() {
        return failure;
    }

    synchronized void begin() {
        attempts++;
        status = Status.MOVING;
    }

    /** What the present attempt has done so far; null when the runner says nothing of it. */
    synchronized void measured(StreamReport now) {
        if (now != null) {
            report = now;
        }
    }

    synchronized void done() {
        status = Status.DONE;
    }

    /** Whether it is gone on with in another state of the source than that in which it was begun, and what is committed of it may have changed. */
    synchronized boolean isUncompared() {
        return uncompared;
    }

    synchronized void compared() {
        uncompared = false;
    }

    /**
     * It failed, and will be tried again by a plan.
     *
     * @param goesOn whether what is committed of it stays
     * @param sameState whether the plan is of the state of the source that the last one was of. The names of snapshots do not tell: a server that was
     *     started again gives the same ones to others
     */
    synchronized void again(StreamPlan newPlan, String newWriteRunId, boolean goesOn, boolean sameState) {
        uncompared = goesOn && (uncompared || !sameState || newPlan.snapshot() == null);
        plan = newPlan;
        writeRunId = newWriteRunId;
    }

    synchronized void retrying() {
        status = Status.RETRYING;
        formerAttempts.add(report);
        report = none();
    }

    synchronized void failed(Throwable why) {
        status = Status.FAILED;
        failure = why;
    }

    /** The last attempt. What went into a target of {@code append} before it is counted by it, since the destination knows it again. */
    synchronized StreamReport report() {
        return report;
    }

    /** All attempts. */
    synchronized List<StreamReport> reports() {
        List<StreamReport> all = new ArrayList<>(formerAttempts);
        all.add(report);
        return all;
    }

    /** Anything that grows when something happens to it. */
    synchronized long activity() {
        long sum = attempts - 1L;
        for (StreamReport each : reports()) {
            sum += each.recordsRead()
                    + each.recordsWritten()
                    + each.get(RapidbyteMetrics.READ_BUNDLES)
                    + each.get(RapidbyteMetrics.DEST_FINALIZE);
        }
        return Math.max(0, sum);
    }

    private StreamReport none() {
        return new StreamReport(spec.name(), new java.util.TreeMap<>());
    }
}
