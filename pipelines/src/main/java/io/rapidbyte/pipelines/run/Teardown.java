// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.pipelines.state.PipelineLock;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StreamRun;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WasmHost;
import io.rapidbyte.wasm.WriteMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Removes what broken runs of a pipeline left behind beside its targets, because somebody asked for it. When it fails in the middle, what is
 * not removed is still known, and it can be done again.
 */
public final class Teardown {
    private static final String REASON = "requested";

    private final PreparedPipeline pipeline;
    private final StateStore store;

    private Teardown(PreparedPipeline pipeline, StateStore store) {
        this.pipeline = pipeline;
        this.store = store;
    }

    /**
     * What was removed of a stream.
     *
     * @param stream the stream's name
     * @param runId the run under whose id its batches were written
     * @param writeMode how they were written; null when that is not known
     */
    public record Removed(String stream, String runId, WriteMode writeMode) {}

    /**
     * Removes what all runs left behind that are known not to be complete, and gives them up.
     *
     * @param stream only this one; null for all
     * @return what was removed; empty when there was nothing
     * @throws io.rapidbyte.pipelines.state.PipelineBusyException when the pipeline is being run
     * @throws io.rapidbyte.wasm.ConnectorException when a connector fails
     */
    public static List<Removed> unfinished(PreparedPipeline pipeline, StateStore store, String stream) {
        try (PipelineLock ignored = store.lock(pipeline.name())) {
            Teardown teardown = new Teardown(pipeline, store);
            return teardown.remove(teardown.known(stream));
        }
    }

    /**
     * Removes what one run left behind, whether or not anything is known of it.
     *
     * @param runId the run, or the one under whose id its batches were written
     * @param stream only this one; null for all that the pipeline names
     * @see #unfinished
     */
    public static List<Removed> run(PreparedPipeline pipeline, StateStore store, String runId, String stream) {
        try (PipelineLock ignored = store.lock(pipeline.name())) {
            Teardown teardown = new Teardown(pipeline, store);
            List<StreamRun> known = teardown.known(stream).stream()
                    .filter(each -> runId.equals(each.runId()) || runId.equals(each.writeRunId()))
                    .toList();
            return known.isEmpty() ? teardown.removeUnknown(runId, stream) : teardown.remove(known);
        }
    }

    private List<StreamRun> known(String stream) {
        return store.unfinished(pipeline.name()).stream()
                .filter(each -> stream == null || stream.equals(each.stream()))
                .toList();
    }

    private List<Removed> remove(List<StreamRun> runs) {
        Map<String, List<StreamRun>> byRun = new LinkedHashMap<>();
        for (StreamRun run : runs) {
            byRun.computeIfAbsent(run.writeRunId(), id -> new ArrayList<>()).add(run);
        }
        List<Removed> removed = new ArrayList<>();
        byRun.forEach((runId, streams) -> {
            tearDown(runId, streams.stream().map(this::planned).toList());
            for (StreamRun each : streams) {
                // Only what is gone is forgotten.
                store.giveUp(pipeline.name(), each.stream());
                removed.add(new Removed(each.stream(), runId, WriteMode.fromJsonName(each.writeMode())));
            }
        });
        return removed;
    }

    private List<Removed> removeUnknown(String runId, String stream) {
        List<String> streams = pipeline.streams().stream()
                .map(StreamSpec::name)
                .filter(each -> stream == null || stream.equals(each))
                .toList();
        if (!streams.isEmpty()) {
            tearDown(runId, streams.stream().map(this::spec).toList());
        }
        return streams.stream().map(each -> new Removed(each, runId, null)).toList();
    }

    private void tearDown(String runId, List<StreamSpec> streams) {
        PreparedPipeline.Connector writer = pipeline.destination();
        try (DestinationConnector destination =
                WasmHost.shared().openDestination(writer.module(), writer.config(), options(runId, writer))) {
            destination.teardown(streams, REASON);
        }
        PreparedPipeline.Connector reader = pipeline.source();
        try (SourceConnector source =
                WasmHost.shared().openSource(reader.module(), reader.config(), options(runId, reader))) {
            source.teardown(streams, REASON);
        }
    }

    /** The stream as it was begun, which knows its table whatever the file says now. */
    private StreamSpec planned(StreamRun run) {
        return run.plan() == null ? spec(run.stream()) : PlanJson.read(run.plan()).stream();
    }

    /** The stream as the file has it, or by its name alone when it has left the file. */
    private StreamSpec spec(String name) {
        return pipeline.streams().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseGet(() -> StreamSpec.of(name));
    }

    private static InstanceOptions options(String runId, PreparedPipeline.Connector connector) {
        return InstanceOptions.of(runId).withGrants(connector.grants()).withLimits(connector.limits());
    }
}
