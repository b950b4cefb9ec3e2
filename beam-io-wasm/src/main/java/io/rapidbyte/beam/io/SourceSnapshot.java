// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import java.util.ArrayList;
import java.util.List;

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

    /** Connects, plans the streams, and then takes the snapshot, so that no plan is newer than what is read. */
    static SourceSnapshot open(ConnectorSpec spec, WasmIO.Read read) {
        SourceConnector source = spec.openSource();
        try {
            List<StreamPlan> plans =
                    new ArrayList<>(read.streams().stream().map(source::plan).toList());
            String snapshot = source.snapshot().orElse(null);
            plans.replaceAll(plan -> plan.withSnapshot(snapshot));
            return new SourceSnapshot(read.withRunId(spec.runId()).withPlans(plans), source, snapshot != null);
        } catch (RuntimeException | Error e) {
            source.close();
            throw e;
        }
    }

    /** The transform that reads the state. */
    public WasmIO.Read read() {
        return read;
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
