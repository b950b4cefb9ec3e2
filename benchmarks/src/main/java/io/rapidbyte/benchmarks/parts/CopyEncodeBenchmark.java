// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.parts;

import io.rapidbyte.benchmarks.scenario.TableProfile;
import io.rapidbyte.wasm.BatchFeed;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.ReadCallbacks;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.Timings;
import io.rapidbyte.wasm.WriteMode;
import io.rapidbyte.wasm.WriteRequest;
import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Encoding Arrow as binary COPY in the guest of the destination: writes frames that the source made before into an empty table of a server on the same
 * machine, one thread, one commit. The score contains the server; the phases tell the guest's share, {@code encodeSeconds}, from the waiting.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
public class CopyEncodeBenchmark {
    /** What the rows look like. */
    @Param({"SMALL", "MEDIUM"})
    public TableProfile profile;

    private ServedTable table;
    private DestinationConnector destination;
    private WriteRequest request;
    private List<Frame> frames;

    /**
     * Where the time of the writes went. JMH divides by the time of the iteration: what is counted in seconds comes out as the share of that
     * phase, from 0 to 1.
     */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Phases {
        /** Rows written. */
        public double rows;
        /** Megabytes (10^6) of COPY data that the guest made. */
        public double megabytes;
        /** In the guest: frames into COPY data. */
        public double encodeSeconds;
        /** In the host: frames into the guest's memory. */
        public double receiveSeconds;
        /** Writing to the socket: copying, and waiting for the server to take it. */
        public double flushSeconds;
        /** Waiting for the server to commit. */
        public double commitSeconds;
        /** Everything else of the call; waiting for the server at the end of the COPY is most of it. */
        public double otherSeconds;

        void add(Timings spent) {
            rows += spent.counters().getOrDefault("dest_rows", 0L);
            megabytes += spent.counters().getOrDefault("dest_bytes", 0L) / 1e6;
            double encode = seconds(spent, "dest_arrow_decode");
            double receive = seconds(spent, "next_batch");
            double flush = seconds(spent, "dest_flush");
            double commit = seconds(spent, "dest_commit");
            encodeSeconds += encode;
            receiveSeconds += receive;
            flushSeconds += flush;
            commitSeconds += commit;
            otherSeconds += seconds(spent, "rb_write") - encode - receive - flush - commit;
        }

        private static double seconds(Timings timings, String name) {
            return timings.get(name).nanos() / 1e9;
        }
    }

    /** Starts the server, and has the source make the frames. */
    @Setup
    public void start() throws IOException, SQLException {
        table = ServedTable.start(profile);
        frames = new ArrayList<>();
        try (SourceConnector source = table.openSource()) {
            StreamPlan plan = source.plan(table.stream());
            source.read(plan, 0, plan.units(), new ReadCallbacks() {
                @Override
                public boolean claim(long unit) {
                    return true;
                }

                @Override
                public void emit(Frame frame) {
                    frames.add(frame);
                }
            });
            request = new WriteRequest("parts", plan.stream(), plan.schema(), WriteMode.APPEND, List.of(), Map.of());
        }
        destination = table.openDestination();
    }

    /** Makes an empty table. */
    @Setup(Level.Invocation)
    public void empty() throws SQLException {
        table.freshTarget();
        destination.apply(request);
    }

    /** Stops the server. */
    @TearDown
    public void stop() {
        destination.close();
        table.close();
    }

    /** One write of all frames, committed. */
    @Benchmark
    public long write(Phases phases) {
        Timings before = destination.timings();
        Iterator<Frame> remaining = frames.iterator();
        BatchFeed feed = () -> remaining.hasNext() ? remaining.next() : null;
        long written = destination.write(request, feed).rows();
        if (written != table.rows()) {
            throw new IllegalStateException("Of " + table.rows() + " rows, " + written + " were written.");
        }
        phases.add(destination.timings().minus(before));
        return written;
    }
}
