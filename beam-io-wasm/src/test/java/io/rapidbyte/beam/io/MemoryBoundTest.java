// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.apache.beam.sdk.testing.PAssert;
import org.apache.beam.sdk.testing.TestPipeline;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.MapElements;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.TypeDescriptors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How much of a table lies in memory between a source and a sink on a runner that does not fuse them. */
class MemoryBoundTest {
    private static final Set<BatchId> IN_FLIGHT = ConcurrentHashMap.newKeySet();
    private static final AtomicLong BYTES_IN_FLIGHT = new AtomicLong();
    private static final AtomicLong MOST_BYTES_IN_FLIGHT = new AtomicLong();
    private static final AtomicLong ALL_BYTES = new AtomicLong();

    @BeforeEach
    void forget() {
        IN_FLIGHT.clear();
        BYTES_IN_FLIGHT.set(0);
        MOST_BYTES_IN_FLIGHT.set(0);
        ALL_BYTES.set(0);
    }

    /**
     * The Direct runner works the splits of an element on all its threads, each to the end of its bundle, before it hands a bundle on; and it
     * can be through with a second bundle of a split before the first one's turn comes. So two bundles for each split are the bound: with 8
     * splits of at most 200 KB and a batch, 4 MB of 32.
     */
    @Test
    @Timeout(60)
    void twoBundlesForEachSplitAreTheMostThatWait() {
        int splits = 8;
        long bundle = 200_000;
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        pipeline.apply(Probe.read(Map.of("units", 640, "rows_per_batch", 50, "payload_bytes", 1000))
                        .withStream("orders")
                        .withMaxInitialSplits(splits)
                        .withMaxBundleBytes(bundle))
                .setCoder(new InsideRead.WatchingCoder(MemoryBoundTest::emitted))
                .apply(ParDo.of(new Consume()));
        pipeline.run().waitUntilFinish();

        long batch = ALL_BYTES.get() / 640;
        assertThat(ALL_BYTES.get(), greaterThan(32_000_000L));
        assertThat(BYTES_IN_FLIGHT.get(), is(0L));
        assertThat(MOST_BYTES_IN_FLIGHT.get(), lessThan(2 * splits * (bundle + batch) + 1));
    }

    /**
     * A stream in one unit cannot be divided, and a bundle that ended with the unit would hold all of it. The source waits in the unit's midst
     * instead, and the next bundle goes on. Such bundles have twice the bytes and a batch; each of the runner's 4 threads may have one, and one
     * may wait, as the runner begins to consume a bundle before it reads the next: 2.3 MB of 32.
     */
    @Test
    @Timeout(60)
    void aUnitThatIsLargerThanABundleIsReadInSeveral() {
        long bundle = 200_000;
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        PCollection<ArrowBatch> batches = pipeline.apply(Probe.read(Map.of(
                                "units", 1, "batches_per_unit", 640, "rows_per_batch", 50, "payload_bytes", 1000))
                        .withStream("orders")
                        .withMaxBundleBytes(bundle))
                .setCoder(new InsideRead.WatchingCoder(MemoryBoundTest::emitted));
        batches.apply(ParDo.of(new Consume()));
        PAssert.that(batches.apply(MapElements.into(TypeDescriptors.integers())
                        .via(batch -> batch.id().sequence())))
                .containsInAnyOrder(IntStream.range(0, 640).boxed().toList());
        pipeline.run().waitUntilFinish();

        long batch = ALL_BYTES.get() / 640;
        assertThat(ALL_BYTES.get(), greaterThan(32_000_000L));
        assertThat(BYTES_IN_FLIGHT.get(), is(0L));
        assertThat(MOST_BYTES_IN_FLIGHT.get(), lessThan(5 * (2 * bundle + batch) + 1));
    }

    private static void emitted(ArrowBatch batch) {
        if (IN_FLIGHT.add(batch.id())) {
            ALL_BYTES.addAndGet(batch.sizeBytes());
            long now = BYTES_IN_FLIGHT.addAndGet(batch.sizeBytes());
            MOST_BYTES_IN_FLIGHT.accumulateAndGet(now, Math::max);
        }
    }

    private static final class Consume extends DoFn<ArrowBatch, Void> {
        @ProcessElement
        public void process(@Element ArrowBatch batch) {
            BYTES_IN_FLIGHT.addAndGet(-batch.sizeBytes());
        }
    }
}
