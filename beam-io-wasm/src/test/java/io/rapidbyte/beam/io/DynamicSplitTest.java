// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.wasm.StreamPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.beam.sdk.io.range.OffsetRange;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.beam.sdk.transforms.DoFn.ProcessContinuation;
import org.apache.beam.sdk.transforms.splittabledofn.RestrictionTracker;
import org.apache.beam.sdk.transforms.splittabledofn.SplitResult;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The real step with the real connector, split by a runner that is this test. */
class DynamicSplitTest {
    private static final int UNITS = 6;
    private static final int BATCHES_PER_UNIT = 2;
    private static final double[] FRACTIONS = {0, 0.3, 0.5, 0.8, 0.99};

    private final ConnectorSpec source =
            Probe.source(Map.of("units", UNITS, "batches_per_unit", BATCHES_PER_UNIT, "rows_per_batch", 3));
    private ReadUnitsDoFn step;
    private StreamPlan plan;

    @BeforeEach
    void setUp() {
        plan = Probe.plan(source, "orders");
        step = new ReadUnitsDoFn(source, 4);
        step.setup(PipelineOptionsFactory.create());
    }

    @AfterEach
    void tearDown() {
        step.teardown();
    }

    /** While each batch is handed over, and at each fraction: what is left is read from the residual. */
    @Test
    void aSplitAtEveryBatchAndFractionLosesAndDoublesNothing() {
        for (int position = 0; position < UNITS * BATCHES_PER_UNIT; position++) {
            for (double fraction : FRACTIONS) {
                List<BatchId> read = new ArrayList<>();
                List<OffsetRange> residuals = new ArrayList<>();
                int splitAt = position;
                process(new OffsetRange(0, UNITS), read, tracker -> {
                    if (read.size() == splitAt + 1) {
                        SplitResult<OffsetRange> split = tracker.trySplit(fraction);
                        if (split != null) {
                            residuals.add(split.getResidual());
                        }
                    }
                });
                residuals.forEach(range -> process(range, read, tracker -> {}));
                assertThat("split at batch " + position + " and " + fraction, read, containsInAnyOrder(all()));
            }
        }
    }

    @Test
    void anyNumberOfSplitsAtRandomMomentsLosesAndDoublesNothing() {
        Random random = new Random(17);
        for (int round = 0; round < 50; round++) {
            List<BatchId> read = new ArrayList<>();
            List<OffsetRange> open = new ArrayList<>(List.of(new OffsetRange(0, UNITS)));
            while (!open.isEmpty()) {
                process(open.remove(random.nextInt(open.size())), read, tracker -> {
                    if (random.nextInt(3) == 0) {
                        SplitResult<OffsetRange> split = tracker.trySplit(random.nextDouble());
                        if (split != null) {
                            open.add(split.getResidual());
                        }
                    }
                });
            }
            assertThat(read, containsInAnyOrder(all()));
        }
    }

    @Test
    void aBundleThatIsFullLeavesTheRestToTheRunner() {
        List<BatchId> read = new ArrayList<>();
        int bundles = 0;
        OffsetRange range = new OffsetRange(0, UNITS);
        while (range != null) {
            UnitTracker tracker = new UnitTracker("orders", range);
            ProcessContinuation continuation =
                    step.process(new PlannedStream(plan, 1), tracker, Collected.batches(batch -> read.add(batch.id())));
            // What the Direct runner and Flink do with a step that wants to resume.
            SplitResult<OffsetRange> split = continuation.shouldResume() ? tracker.trySplit(0) : null;
            tracker.checkDone();
            range = split == null ? null : split.getResidual();
            bundles++;
        }
        assertThat(read, containsInAnyOrder(all()));
        assertThat(bundles, is(UNITS));
    }

    private void process(OffsetRange range, List<BatchId> read, Splitter splitter) {
        UnitTracker tracker = new UnitTracker("orders", range);
        ProcessContinuation continuation =
                step.process(new PlannedStream(plan, Long.MAX_VALUE), tracker, Collected.batches(batch -> {
                    read.add(batch.id());
                    splitter.split(tracker);
                }));
        assertThat(continuation.shouldResume(), is(false));
        tracker.checkDone();
    }

    private static BatchId[] all() {
        List<BatchId> all = new ArrayList<>();
        for (int unit = 0; unit < UNITS; unit++) {
            for (int sequence = 0; sequence < BATCHES_PER_UNIT; sequence++) {
                all.add(new BatchId(Probe.RUN, "orders", unit, sequence));
            }
        }
        return all.toArray(BatchId[]::new);
    }

    /** What a runner does while the step works. */
    private interface Splitter {
        void split(RestrictionTracker<OffsetRange, Long> tracker);
    }
}
