// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.pipelines.state.RunRecord;
import io.rapidbyte.pipelines.state.RunStatus;
import io.rapidbyte.pipelines.state.StateException;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StreamRun;
import io.rapidbyte.pipelines.state.StreamStatus;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.SyncMode;
import io.rapidbyte.wasm.WriteMode;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of the streams that earlier runs began and did not complete. What was to be appended is gone on with by the plan and under the run id
 * by which it was begun, since the destination then knows what it has; whatever takes the place of a table, or is merged into it, is begun anew.
 *
 * <p>A run that did not end well is gone on with as a whole, until one does: whole tables that were appended since the last one that did are not
 * appended again.
 */
final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

    private final Map<String, StreamRun> goneOnWith = new HashMap<>();
    private final Map<String, StreamPlan> plans = new HashMap<>();
    private final Map<String, StreamRun> complete = new HashMap<>();

    private Recovery() {}

    /** Ten days less than {@code dest-postgres} remembers that a stream was finalized, for the run itself and for clocks that differ. */
    private static final Duration REMEMBERED = Duration.ofDays(80);

    /** More runs than that in a row do not end badly. */
    private static final int MOST_RUNS = 10_000;

    /**
     * Decides, and removes what is not gone on with.
     *
     * @param streams those of the pipeline, each from where it ended
     * @throws ConnectorException when that cannot be removed
     * @throws RunRefusedException when a stream that was begun is not the same any more, and to begin it anew would double rows, or was begun so long ago
     *     that to go on with it would
     */
    static Recovery of(PreparedPipeline pipeline, List<StreamSpec> streams, StateStore store) {
        Recovery recovery = new Recovery();
        Map<String, StreamSpec> byName = new HashMap<>();
        streams.forEach(stream -> byName.put(stream.name(), stream));
        for (StreamRun begun : store.unfinished(pipeline.name())) {
            StreamSpec stream = byName.get(begun.stream());
            if (stream != null && begun.plan() != null) {
                recovery.decide(pipeline, stream, begun, store);
            }
        }
        recovery.leaveComplete(pipeline, byName, store);
        return recovery;
    }

    /** What is complete since the last run that ended well, by stream: it is not done again. */
    Map<String, StreamRun> complete() {
        return complete;
    }

    /** The plans that are gone on with, by stream. */
    Map<String, StreamPlan> plans() {
        return plans;
    }

    /** What is gone on with of a stream, or null. */
    StreamRun of(String stream) {
        return goneOnWith.get(stream);
    }

    private void decide(PreparedPipeline pipeline, StreamSpec stream, StreamRun begun, StateStore store) {
        StreamPlan plan;
        try {
            plan = PlanJson.read(begun.plan());
        } catch (IllegalArgumentException e) {
            throw new StateException(
                    "What run " + begun.runId() + " of pipeline " + pipeline.name() + " began of stream "
                            + begun.stream()
                            + " cannot be read. Give it up with `rapidbyte teardown`; the rows that it has written stay.",
                    true,
                    e);
        }
        boolean appended = begun.writeMode().equals(WriteMode.APPEND.jsonName());
        if (!appended || pipeline.writeMode() != WriteMode.APPEND) {
            Leftovers.remove(pipeline, begun.writeRunId(), List.of(plan.stream()));
            return;
        }
        if (!begun.fingerprint().equals(Fingerprint.of(pipeline, stream))) {
            throw new RunRefusedException("Stream " + stream.name() + " of pipeline " + pipeline.name()
                    + " was broken off in run " + begun.runId()
                    + ", when a part of it may have been appended, and the pipeline file asks for something else of it now: to begin it anew would"
                    + " append that part a second time. Undo the change and run it to its end, or give it up with `rapidbyte teardown`; the rows"
                    + " that it has appended stay.");
        }
        requireRemembered(pipeline, begun, store);
        LOG.info("Stream {} goes on with what run {} began.", stream.name(), begun.runId());
        goneOnWith.put(stream.name(), begun);
        plans.put(stream.name(), plan);
    }

    /**
     * That a stream was finalized destinations forget one day. It must not be gone on with after that: all of it would be appended a second time. What
     * counts is the first run that began it, since the stream may have been finalized by any that went on with it.
     */
    private static void requireRemembered(PreparedPipeline pipeline, StreamRun begun, StateStore store) {
        RunRecord first = store.firstRun(begun.writeRunId()).orElse(null);
        if (first == null || !first.started().isBefore(Instant.now().minus(REMEMBERED))) {
            return;
        }
        throw new RunRefusedException("Stream " + begun.stream() + " of pipeline " + pipeline.name()
                + " was broken off in run " + begun.runId() + ", and was begun on "
                + LocalDate.ofInstant(first.started(), ZoneOffset.UTC) + ", more than " + REMEMBERED.toDays()
                + " days ago: its target may not remember any more what was appended, and to go on would append that a second time. Give it up"
                + " with `rapidbyte teardown`; the rows that it has appended stay, and the next run begins the stream anew, so empty the target"
                + " before it or its rows are there twice.");
    }

    private void leaveComplete(PreparedPipeline pipeline, Map<String, StreamSpec> byName, StateStore store) {
        Set<String> seen = new HashSet<>();
        // The first is the run that asks.
        for (RunRecord run :
                store.runs(pipeline.name(), MOST_RUNS).stream().skip(1).toList()) {
            if (run.status() == RunStatus.DONE) {
                return;
            }
            for (StreamRun each : store.streams(run.runId())) {
                if (seen.add(each.stream()) && isComplete(pipeline, byName.get(each.stream()), each)) {
                    complete.put(each.stream(), each);
                }
            }
        }
    }

    private static boolean isComplete(PreparedPipeline pipeline, StreamSpec stream, StreamRun run) {
        return stream != null
                && run.status() == StreamStatus.DONE
                && stream.syncMode() == SyncMode.FULL_REFRESH
                && pipeline.writeMode() == WriteMode.APPEND
                && run.writeMode().equals(WriteMode.APPEND.jsonName())
                && run.fingerprint().equals(Fingerprint.of(pipeline, stream));
    }
}
