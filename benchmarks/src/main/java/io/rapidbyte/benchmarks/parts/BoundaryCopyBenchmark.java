// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.parts;

import io.rapidbyte.wasm.ArrowFrames;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.HostSettings;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WasmHost;
import io.rapidbyte.wasm.WriteMode;
import io.rapidbyte.wasm.WriteRequest;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Moving frames out of a guest's memory and into it: by the host functions that do it, and by the copies alone. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class BoundaryCopyBenchmark {
    private static final int FRAMES = 32;

    private byte[] frame;
    private byte[] memory;
    private SourceConnector source;
    private DestinationConnector destination;
    private StreamPlan plan;
    private WriteRequest request;
    private List<Frame> input;

    /** Makes the guests, and an array as large as their memory. */
    @Setup
    public void open() {
        int rows = SampleFrames.USUAL_ROWS;
        frame = SampleFrames.frame(rows);
        byte[] schema = ArrowFrames.schemaOf(frame);
        memory = Arrays.copyOf(frame, 2 * frame.length);
        WasmHost host = new WasmHost(HostSettings.fromSystem().withCacheDirectory(null));
        source = host.openSource(CrossingModule.emit(FRAMES, frame, rows), "{}", InstanceOptions.of("parts"));
        destination = host.openDestination(CrossingModule.next(frame.length), "{}", InstanceOptions.of("parts"));
        StreamSpec stream = StreamSpec.of("events");
        plan = new StreamPlan(stream, schema, 1, "whole", -1, -1, "{}");
        request = new WriteRequest("parts", stream, schema, WriteMode.APPEND, List.of(), Map.of());
        input = Collections.nCopies(FRAMES, new Frame(0, 0, rows, frame));
    }

    /** Drops them. */
    @TearDown
    public void close() {
        source.close();
        destination.close();
    }

    /** {@code emit_batch}: out of the guest into a new array, with the check of the frame. */
    @Benchmark
    @OperationsPerInvocation(FRAMES)
    public long emitBatch(Volume volume) {
        volume.add((long) FRAMES * frame.length);
        return source.read(plan, 0, 1, Granting.INSTANCE).rows();
    }

    /** {@code next_batch}: into the guest. */
    @Benchmark
    @OperationsPerInvocation(FRAMES)
    public long nextBatch(Volume volume) {
        volume.add((long) FRAMES * frame.length);
        Iterator<Frame> remaining = input.iterator();
        return destination
                .write(request, () -> remaining.hasNext() ? remaining.next() : null)
                .rows();
    }

    /** The copy of {@code emit_batch} alone, from array to new array. */
    @Benchmark
    public byte[] copyOut(Volume volume) {
        volume.add(frame.length);
        return Arrays.copyOfRange(memory, 8, 8 + frame.length);
    }

    /** The copy of {@code next_batch} alone, from array to array. */
    @Benchmark
    public byte[] copyIn(Volume volume) {
        volume.add(frame.length);
        System.arraycopy(frame, 0, memory, 8, frame.length);
        return memory;
    }
}
