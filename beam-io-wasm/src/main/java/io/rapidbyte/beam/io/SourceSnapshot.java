// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.SyncMode;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A state of a source that all parts of a read see, on whatever thread or machine they run: streams that were read in many pieces are as
 * consistent with themselves and with each other as if one transaction had read them.
 *
 * <p>The launching process keeps the state, and so it has to wait for the pipeline:
 *
 * <pre>{@code
 * try (SourceSnapshot snapshot = WasmIO.read().withConnector(source).withConfig(config).withStream("orders").openSnapshot()) {
 *   pipeline.apply(snapshot.read()).apply(WasmIO.write()…);
 *   pipeline.run().waitUntilFinish();
 * }
 * }</pre>
 *
 * <p>A pipeline that runs on after the snapshot was closed fails with an error that says so; it never reads another state instead.
 */
public final class SourceSnapshot implements AutoCloseable {
    private final WasmIO.Read read;
    private final SourceConnector source;
    private final boolean shared;

    private SourceSnapshot(WasmIO.Read read, SourceConnector source, boolean shared) {
        this.read = read;
        this.source = source;
        this.shared = shared;
    }

    /**
     * Connects, plans the streams, and takes the snapshot. Streams that are read whole are planned before it, so that no plan is newer than
     * what is read; incremental ones after it, so that they end at the greatest cursor of just that state.
     */
    static SourceSnapshot open(ConnectorSpec spec, WasmIO.Read read) {
        // The instance that keeps the state belongs to all executions that read it, each of which is a run of its own.
        SourceConnector source = (spec.runId() == null ? spec.withRunId(spec.transform()) : spec).openSource();
        try {
            List<StreamSpec> streams = read.streams();
            StreamPlan[] plans = new StreamPlan[streams.size()];
            plan(source, streams, plans, stream -> stream.syncMode() != SyncMode.INCREMENTAL);
            String snapshot = source.snapshot().orElse(null);
            plan(source, streams, plans, stream -> stream.syncMode() == SyncMode.INCREMENTAL);
            List<StreamPlan> ofOneState =
                    Stream.of(plans).map(plan -> plan.withSnapshot(snapshot)).toList();
            return new SourceSnapshot(read.withPlans(ofOneState), source, snapshot != null);
        } catch (RuntimeException | Error e) {
            source.close();
            throw e;
        }
    }

    private static void plan(
            SourceConnector source, List<StreamSpec> streams, StreamPlan[] plans, Predicate<StreamSpec> which) {
        for (int i = 0; i < plans.length; i++) {
            if (which.test(streams.get(i))) {
                plans[i] = source.plan(streams.get(i));
            }
        }
    }

    /** The transform that reads the state. */
    public WasmIO.Read read() {
        return read;
    }

    /** How the streams are read, in their order; {@link StreamPlan#position()} says where an incremental one ends. */
    public List<StreamPlan> plans() {
        return read.plans();
    }

    /** Whether the source keeps a state; without one, each part of a stream is read as it is when its reading begins. */
    public boolean isShared() {
        return shared;
    }

    /** Lets the state go. */
    @Override
    public void close() {
        source.close();
    }
}
