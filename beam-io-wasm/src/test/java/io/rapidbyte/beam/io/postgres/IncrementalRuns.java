// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.ReadCallbacks;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WasmHost;
import io.rapidbyte.wasm.WriteMode;
import io.rapidbyte.wasm.WriteRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Runs of one stream, each read on from where the one before ended and appended to the target: by the two connectors alone, which is faster than a
 * pipeline and lets a test act between planning and reading. The connectors stay open between runs.
 */
final class IncrementalRuns implements AutoCloseable {
    private final StreamSpec stream;
    private final SourceConnector source;
    private final DestinationConnector destination;
    private final Random order = new Random(7);

    private String position;

    IncrementalRuns(TestSchema source, TestSchema target, StreamSpec stream) {
        this.stream = stream;
        this.source = PostgresCopy.openSource(source.config());
        this.destination = WasmHost.shared()
                .openDestination(
                        ConnectorModule.bundled("dest-postgres"),
                        PostgresCopy.json(severalRuns(target)),
                        InstanceOptions.of("test"));
    }

    /** One instance writes all of the runs here, which to a ledger would be one. */
    private static Map<String, Object> severalRuns(TestSchema target) {
        Map<String, Object> config = new HashMap<>(target.config());
        config.put("exactly_once", false);
        return config;
    }

    /** Where the last run ended; null before the first one. */
    String position() {
        return position;
    }

    /** Plans, reads and writes. */
    StreamPlan run() {
        StreamPlan plan = plan();
        finish(plan);
        return plan;
    }

    StreamPlan plan() {
        return source.plan(stream.withPosition(position));
    }

    /** Reads the units of a plan in any order, each by itself, appends them, and goes on from where the plan ends. */
    long finish(StreamPlan plan) {
        Deque<Frame> frames = new ArrayDeque<>();
        List<Long> units = new ArrayList<>();
        for (long unit = 0; unit < plan.units(); unit++) {
            units.add(unit);
        }
        Collections.shuffle(units, order);
        for (long unit : units) {
            source.read(plan, unit, unit + 1, into(frames));
        }
        WriteRequest request =
                new WriteRequest("test", plan.stream(), plan.schema(), WriteMode.APPEND, List.of(), Map.of());
        destination.apply(request);
        long rows = destination.write(request, frames::poll).rows();
        destination.finalizeStream(request);
        position = plan.position();
        return rows;
    }

    /** Claims everything. */
    static ReadCallbacks into(Deque<Frame> frames) {
        return new ReadCallbacks() {
            @Override
            public boolean claim(long unit) {
                return true;
            }

            @Override
            public void emit(Frame frame) {
                frames.add(frame);
            }
        };
    }

    @Override
    public void close() {
        source.close();
        destination.close();
    }
}
