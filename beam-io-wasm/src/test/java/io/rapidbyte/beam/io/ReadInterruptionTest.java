// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.sameInstance;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.StreamPlan;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.beam.sdk.io.range.OffsetRange;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runners stop a reading step by interrupting its thread, or tear it down while it works; after an error they use it again. */
@Timeout(30)
class ReadInterruptionTest {
    private static final int ENDLESS = 1_000_000;

    private final ExecutorService worker = Executors.newSingleThreadExecutor();
    private ReadUnitsDoFn step;
    private StreamPlan plan;

    @AfterEach
    void stop() {
        worker.shutdownNow();
        step.teardown();
    }

    @Test
    void anInterruptedReadEndsAsCancelledAndKeepsTheFlag() throws Exception {
        use(Map.of("units", ENDLESS, "rows_per_batch", 1));
        CountDownLatch reading = new CountDownLatch(1);
        Future<Boolean> flagAfterwards = worker.submit(() -> {
            ConnectorException failure =
                    assertThrows(ConnectorException.class, () -> read(ENDLESS, reading::countDown));
            assertThat(failure.error().category(), is(Category.CANCELLED));
            return Thread.currentThread().isInterrupted();
        });
        reading.await();
        worker.shutdownNow();
        assertThat(flagAfterwards.get(), is(true));
    }

    @Test
    void aSourceThatComputesIsInterruptedToo() throws Exception {
        use(Map.of("units", ENDLESS, "rows_per_batch", 1, "spin_micros_per_batch", 20_000_000));
        CountDownLatch started = new CountDownLatch(1);
        Future<ConnectorException> failure = worker.submit(() -> {
            started.countDown();
            return assertThrows(ConnectorException.class, () -> read(ENDLESS, () -> {}));
        });
        started.await();
        worker.shutdownNow();
        assertThat(failure.get().error().category(), is(Category.CANCELLED));
    }

    @Test
    void tearingDownEndsTheReadInProgressAndOpensNothingAnyMore() throws Exception {
        use(Map.of("units", ENDLESS, "rows_per_batch", 1));
        CountDownLatch reading = new CountDownLatch(1);
        Future<?> read = worker.submit(() -> read(ENDLESS, reading::countDown));
        reading.await();
        step.teardown();
        Throwable cause = assertThrows(ExecutionException.class, read::get).getCause();
        assertThat(((ConnectorException) cause).error().category(), is(Category.CANCELLED));
        ConnectorException refused = assertThrows(ConnectorException.class, () -> read(1, () -> {}));
        assertThat(refused.error().category(), is(Category.CANCELLED));
    }

    @Test
    void afterAnErrorTheStepReadsWithANewInstance() {
        use(Map.of("behaviour", "error", "units", 10, "fail_unit", 7, "rows_per_batch", 1));
        for (int round = 0; round < 3; round++) {
            assertThrows(ConnectorException.class, () -> read(10, () -> {}));
            assertThat(read(7, () -> {}), is(7L));
        }
    }

    @Test
    void anErrorOfTheStepBelowEndsTheReadAsItIs() {
        use(Map.of("units", 10, "rows_per_batch", 1));
        IllegalStateException below = new IllegalStateException("the step below failed");
        IllegalStateException thrown = assertThrows(
                IllegalStateException.class,
                () -> read(10, () -> {
                    throw below;
                }));
        assertThat(thrown, sameInstance(below));
        assertThat(read(10, () -> {}), is(10L));
    }

    private void use(Map<String, ?> config) {
        ConnectorSpec source = Probe.source(config);
        plan = Probe.plan(source, "orders");
        step = new ReadUnitsDoFn(source, 1);
        step.setup(PipelineOptionsFactory.create());
    }

    /** Reads so many units and returns how many batches came. */
    private long read(long units, Runnable atEachBatch) {
        AtomicLong batches = new AtomicLong();
        step.process(
                new PlannedStream(plan, Long.MAX_VALUE),
                new UnitTracker("orders", new OffsetRange(0, units)),
                Collected.batches(batch -> {
                    batches.incrementAndGet();
                    atEachBatch.run();
                }));
        return batches.get();
    }
}
