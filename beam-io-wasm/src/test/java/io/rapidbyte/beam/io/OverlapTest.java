// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.lessThan;

import io.rapidbyte.wasm.StreamPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.beam.sdk.io.range.OffsetRange;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A source that takes S for each batch and a destination that takes D, fused into one thread as Flink fuses them. Both compute by the
 * clock, so that a busy machine changes little.
 */
class OverlapTest {
    private static final int BATCHES = 40;
    private static final int MICROS_PER_BATCH = 15_000;

    private final ConnectorSpec source =
            Probe.source(Map.of("units", BATCHES, "rows_per_batch", 10, "spin_micros_per_batch", MICROS_PER_BATCH));
    private final ConnectorSpec destination = Probe.destination(Map.of("spin_micros_per_batch", MICROS_PER_BATCH));

    @Test
    @Timeout(60)
    void aFusedRunTakesCloserToTheSlowerSideThanToTheSum() {
        PlannedStream stream = new PlannedStream(Probe.plan(source, "orders"), Long.MAX_VALUE);
        ReadUnitsDoFn step = new ReadUnitsDoFn(source, 1);
        step.setup(PipelineOptionsFactory.create());
        try (Sink sink = new Sink(destination, 16, Long.MAX_VALUE)) {
            // Whatever is compiled, opened and warmed up first is not what is measured.
            List<ArrowBatch> warm = new ArrayList<>();
            read(step, stream, warm::add);
            write(sink, warm.subList(0, 1));

            List<ArrowBatch> batches = new ArrayList<>();
            long sourceNanos = time(() -> read(step, stream, batches::add));
            long destinationNanos = time(() -> write(sink, batches));
            long fusedNanos = time(() -> {
                sink.startBundle();
                read(step, stream, sink::process);
                sink.finishBundle();
            });

            long slower = Math.max(sourceNanos, destinationNanos);
            long sum = sourceNanos + destinationNanos;
            String figures = "source %d ms, destination %d ms, fused %d ms"
                    .formatted(sourceNanos / 1_000_000, destinationNanos / 1_000_000, fusedNanos / 1_000_000);
            assertThat(figures, fusedNanos, lessThan((slower + sum) / 2));
        } finally {
            step.teardown();
        }
    }

    private static void read(ReadUnitsDoFn step, PlannedStream stream, Consumer<ArrowBatch> batches) {
        StreamPlan plan = stream.plan();
        step.process(stream, new UnitTracker("orders", new OffsetRange(0, plan.units())), Collected.batches(batches));
    }

    private static void write(Sink sink, List<ArrowBatch> batches) {
        sink.startBundle();
        batches.forEach(sink::process);
        sink.finishBundle();
    }

    private static long time(Runnable work) {
        long start = System.nanoTime();
        work.run();
        return System.nanoTime() - start;
    }
}
