// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.parts;

import io.rapidbyte.benchmarks.scenario.TableProfile;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.ReadCallbacks;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.Timings;
import java.io.IOException;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * Decoding binary COPY into Arrow in the guest of the source: reads a table from a server on the same machine, one thread, frames thrown
 * away. The score contains the server; the phases tell the guest's share, {@code decodeSeconds}, from the waiting.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
public class CopyDecodeBenchmark {
    /** What the rows look like. */
    @Param({"SMALL", "MEDIUM"})
    public TableProfile profile;

    private ServedTable table;
    private SourceConnector source;
    private StreamPlan plan;

    /**
     * Where the time of the reads went. JMH divides by the time of the iteration: what is counted in seconds comes out as the share of that
     * phase, from 0 to 1.
     */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Phases {
        /** Rows read. */
        public double rows;
        /** Megabytes (10^6) of COPY data that the server sent. */
        public double megabytes;
        /** In the guest: COPY data into columns. */
        public double decodeSeconds;
        /** In the guest: columns into frames. */
        public double frameSeconds;
        /** In the host: frames out of the guest's memory, and their checks. */
        public double emitSeconds;
        /** Waiting for the first bytes of each unit. */
        public double querySeconds;
        /** Reading from the socket: waiting for the server, and copying. */
        public double fetchSeconds;
        /** Everything else of the call. */
        public double otherSeconds;

        void add(Timings spent) {
            rows += spent.counters().getOrDefault("source_rows", 0L);
            megabytes += spent.counters().getOrDefault("source_bytes", 0L) / 1e6;
            double decode = seconds(spent, "source_decode");
            double frame = seconds(spent, "source_arrow_encode");
            double emit = seconds(spent, "emit_batch");
            double query = seconds(spent, "source_query");
            double fetch = seconds(spent, "source_fetch");
            decodeSeconds += decode;
            frameSeconds += frame;
            emitSeconds += emit;
            querySeconds += query;
            fetchSeconds += fetch;
            otherSeconds += seconds(spent, "rb_read") - decode - frame - emit - query - fetch;
        }

        private static double seconds(Timings timings, String name) {
            return timings.get(name).nanos() / 1e9;
        }
    }

    /** Starts the server, fills the table and plans. */
    @Setup
    public void start() throws IOException, SQLException {
        table = ServedTable.start(profile);
        source = table.openSource();
        plan = source.plan(table.stream());
    }

    /** Stops the server. */
    @TearDown
    public void stop() {
        source.close();
        table.close();
    }

    /** One read of the whole table. */
    @Benchmark
    public long read(Phases phases, Blackhole blackhole) {
        return read(source, plan, table.rows(), phases, blackhole);
    }

    static long read(SourceConnector source, StreamPlan plan, long rows, Phases phases, Blackhole blackhole) {
        Timings before = source.timings();
        long read = source.read(plan, 0, plan.units(), new ReadCallbacks() {
                    @Override
                    public boolean claim(long unit) {
                        return true;
                    }

                    @Override
                    public void emit(Frame frame) {
                        blackhole.consume(frame);
                    }
                })
                .rows();
        if (read != rows) {
            throw new IllegalStateException("Of " + rows + " rows, " + read + " were read.");
        }
        phases.add(source.timings().minus(before));
        return read;
    }
}
