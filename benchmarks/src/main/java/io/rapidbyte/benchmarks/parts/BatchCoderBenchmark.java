// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.parts;

import io.rapidbyte.beam.io.ArrowBatch;
import io.rapidbyte.beam.io.ArrowBatchCoder;
import io.rapidbyte.beam.io.BatchId;
import io.rapidbyte.wasm.compress.Compression;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
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

/** Encoding batches where they leave a process or a fused stage, and decoding them again. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class BatchCoderBenchmark {
    /** How the coder compresses. */
    @Param({"NONE", "LZ4", "ZSTD"})
    public Compression compression;

    private ArrowBatchCoder coder;
    private ArrowBatch batch;
    private ByteArrayOutputStream out;
    private byte[] encoded;

    /** Makes a batch, and encodes it for the other direction. */
    @Setup
    public void make() throws IOException {
        coder = ArrowBatchCoder.of(compression);
        byte[] frame = SampleFrames.frame(SampleFrames.USUAL_ROWS);
        batch = ArrowBatch.of(new BatchId("parts", "events", 0, 0), SampleFrames.USUAL_ROWS, frame);
        out = new ByteArrayOutputStream(2 * frame.length);
        coder.encode(batch, out);
        encoded = out.toByteArray();
    }

    /** Into memory that is there already. */
    @Benchmark
    public int encode(Volume volume) throws IOException {
        out.reset();
        coder.encode(batch, out);
        volume.add(batch.sizeBytes());
        return out.size();
    }

    /** Into a new batch. */
    @Benchmark
    public ArrowBatch decode(Volume volume) throws IOException {
        ArrowBatch decoded = coder.decode(new ByteArrayInputStream(encoded));
        volume.add(decoded.sizeBytes());
        return decoded;
    }
}
