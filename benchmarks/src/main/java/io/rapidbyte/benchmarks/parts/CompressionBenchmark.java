// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.parts;

import io.rapidbyte.wasm.compress.Compression;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Compressing a frame and back, without the coder around it. Megabytes are those of the frame in both directions. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CompressionBenchmark {
    /** By what. */
    @Param({"LZ4", "ZSTD"})
    public Compression compression;

    private byte[] frame;
    private byte[] packed;
    private int packedBytes;

    /** Makes a frame, and compresses it for the other direction. */
    @Setup
    public void make() {
        frame = SampleFrames.frame(SampleFrames.USUAL_ROWS);
        packed = new byte[compression.maxCompressedLength(frame.length)];
        packedBytes = compression.compress(frame, 0, frame.length, packed, 0);
    }

    /** Into memory that is there already. */
    @Benchmark
    public int compress(Volume volume) {
        volume.add(frame.length);
        return compression.compress(frame, 0, frame.length, packed, 0);
    }

    /** Into a new array. */
    @Benchmark
    public byte[] decompress(Volume volume) throws IOException {
        volume.add(frame.length);
        return compression.decompress(packed, 0, packedBytes, frame.length);
    }
}
