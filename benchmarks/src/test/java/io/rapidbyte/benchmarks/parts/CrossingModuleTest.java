// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.parts;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.wasm.ArrowFrames;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.HostSettings;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.ReadCallbacks;
import io.rapidbyte.wasm.ReadResult;
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
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The host takes the assembled guests for connectors, and they call it as often as they say. */
class CrossingModuleTest {
    private static final int ROWS = 3;
    private static final byte[] FRAME = SampleFrames.frame(ROWS);
    private static final WasmHost HOST = new WasmHost(HostSettings.fromSystem().withCacheDirectory(null));

    private final List<Long> claimed = new ArrayList<>();
    private final List<Frame> emitted = new ArrayList<>();

    @Test
    void theClockIsAskedAsOftenAsWanted() {
        try (SourceConnector source = open(CrossingModule.clock(200, FRAME, ROWS))) {
            assertThat(read(source, 1), is(new ReadResult(1, ROWS, 1)));
            assertThat(source.timings().get("clock").count(), is(200L));
        }
    }

    @Test
    void everyUnitIsClaimed() {
        try (SourceConnector source = open(CrossingModule.claim(200, FRAME, ROWS))) {
            assertThat(read(source, 201), is(new ReadResult(201, ROWS, 1)));
            assertThat(claimed, hasSize(201));
            assertThat(claimed.get(200), is(200L));
        }
    }

    @Test
    void theSameFrameIsEmittedAgainAndAgain() {
        try (SourceConnector source = open(CrossingModule.emit(70, FRAME, ROWS))) {
            assertThat(read(source, 1), is(new ReadResult(1, 70L * ROWS, 70)));
            assertThat(emitted, hasSize(70));
            assertThat(emitted.get(69), is(new Frame(0, 69, ROWS, FRAME)));
            assertThat("a second read", read(source, 1), is(new ReadResult(1, 70L * ROWS, 70)));
        }
    }

    @Test
    void everyBatchOfTheFeedIsTaken() {
        Deque<Frame> feed = new ArrayDeque<>(Collections.nCopies(5, new Frame(0, 0, ROWS, FRAME)));
        WriteRequest request = new WriteRequest(
                "test", StreamSpec.of("events"), ArrowFrames.schemaOf(FRAME), WriteMode.APPEND, List.of(), Map.of());
        try (DestinationConnector destination =
                HOST.openDestination(CrossingModule.next(FRAME.length), "{}", InstanceOptions.of("test"))) {
            destination.write(request, feed::poll);
            assertThat(feed, hasSize(0));
            assertThat(destination.timings().get("next_batch").bytes(), is(5L * FRAME.length));
        }
    }

    private static SourceConnector open(ConnectorModule module) {
        return HOST.openSource(module, "{}", InstanceOptions.of("test"));
    }

    private ReadResult read(SourceConnector source, long units) {
        StreamPlan plan =
                new StreamPlan(StreamSpec.of("events"), ArrowFrames.schemaOf(FRAME), units, "whole", -1, -1, "{}");
        claimed.clear();
        emitted.clear();
        return source.read(plan, 0, units, new ReadCallbacks() {
            @Override
            public boolean claim(long unit) {
                return claimed.add(unit);
            }

            @Override
            public void emit(Frame frame) {
                emitted.add(frame);
            }
        });
    }
}
