// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.parts;

import io.rapidbyte.wasm.ArrowFrames;
import io.rapidbyte.wasm.FrameInfo;
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
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/** Checking frames, which happens to every frame that leaves a guest. The number of rows does not matter to it. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class FrameBenchmark {
    private byte[] frame;
    private byte[] other;

    /** Makes two frames of different schemas. */
    @Setup
    public void make() {
        frame = SampleFrames.frame(SampleFrames.USUAL_ROWS);
        other = frame.clone();
        // The first letter of the first column's name, which the schema message has before all others.
        for (int i = 0; ; i++) {
            if (other[i] == 'i' && other[i + 1] == 'd' && other[i + 2] == 0) {
                other[i] = 'I';
                break;
            }
        }
        ArrowFrames.inspect(other);
    }

    /** A frame of the same schema as the one before it: the usual case. */
    @Benchmark
    public FrameInfo checkKnownSchema() {
        return ArrowFrames.inspect(frame);
    }

    /** Frames whose schema is another than that of the frame before. */
    @Benchmark
    @OperationsPerInvocation(2)
    public void checkNewSchema(Blackhole blackhole) {
        blackhole.consume(ArrowFrames.inspect(frame));
        blackhole.consume(ArrowFrames.inspect(other));
    }

    /** Taking the schema out of a frame. */
    @Benchmark
    public byte[] schemaOf() {
        return ArrowFrames.schemaOf(frame);
    }
}
