// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.beam.sdk.io.range.OffsetRange;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.beam.sdk.transforms.DoFn.ProcessContinuation;
import org.apache.beam.sdk.transforms.splittabledofn.SplitResult;
import org.apache.beam.sdk.util.SerializableUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A bundle that ends in the midst of a unit, without a runner: the test plays its part. */
@Timeout(60)
class PausedReadTest {
    private static final int BATCHES = 40;
    private static final int BUNDLE_BYTES = 4_000;

    private ConnectorSpec spec;
    private PlannedStream stream;
    private ReadUnitsDoFn step;
    private ReadUnitsDoFn copy;
    private final List<Integer> read = new ArrayList<>();

    @BeforeEach
    void open() {
        spec = Probe.source(Map.of("units", 2, "batches_per_unit", BATCHES, "rows_per_batch", 10));
        stream = new PlannedStream(Probe.plan(spec, "orders"), BUNDLE_BYTES);
        ReadUnitsDoFn original = new ReadUnitsDoFn(spec, 1, true);
        // Each thread of a runner has a copy.
        step = SerializableUtils.clone(original);
        copy = SerializableUtils.clone(original);
        step.setup(PipelineOptionsFactory.create());
        copy.setup(PipelineOptionsFactory.create());
    }

    @AfterEach
    void close() {
        step.teardown();
        copy.teardown();
    }

    /** Works one bundle; returns the range that is left, null when nothing is. */
    private OffsetRange bundle(ReadUnitsDoFn worker, OffsetRange range) {
        UnitTracker tracker = new UnitTracker("orders", range, true);
        ProcessContinuation continuation = worker.process(stream, tracker, Collected.batches(batch -> {
            // A runner that would like to end the bundle here has to wait.
            assertThat(tracker.trySplit(0), is(nullValue()));
            read.add((int) batch.id().unit() * BATCHES + batch.id().sequence());
        }));
        SplitResult<OffsetRange> split = continuation.shouldResume() ? tracker.trySplit(0) : null;
        tracker.checkDone();
        return split == null ? null : split.getResidual();
    }

    @Test
    void anyCopyOfTheStepGoesOnWhereAnotherHasPaused() {
        int bundles = 0;
        OffsetRange range = new OffsetRange(0, 2);
        while (range != null) {
            int before = read.size();
            range = bundle(bundles % 3 == 0 ? step : copy, range);
            assertThat(read.size() - before, lessThanOrEqualTo(BATCHES));
            bundles++;
        }

        assertThat(read, is(IntStream.range(0, 2 * BATCHES).boxed().toList()));
        assertThat(bundles, greaterThan(4));
    }

    @Test
    void aReadThatNobodyWillGoOnWithEndsWithItsStep() {
        OffsetRange left = bundle(step, new OffsetRange(0, 2));
        assertThat(left, is(new OffsetRange(0, 2)));
        assertThat(read.size(), lessThan(BATCHES));
        step.teardown();

        read.clear();
        IllegalStateException failure = assertThrows(IllegalStateException.class, () -> bundle(copy, left));
        assertThat(failure.getMessage(), containsString("Unit 0 was read in part, and the read was given up"));
        assertThat("what was emitted before does not come again", read, is(empty()));
    }

    @Test
    void aStreamOfTheSameNameHasAReadOfItsOwn() {
        OffsetRange left = bundle(step, new OffsetRange(0, 2));
        int firstBundle = read.size();
        PlannedStream first = stream;
        stream = new PlannedStream(first.plan(), BUNDLE_BYTES);
        read.clear();

        bundle(copy, new OffsetRange(0, 2));
        assertThat(
                "the other one begins",
                read,
                is(IntStream.range(0, firstBundle).boxed().toList()));
        stream = first;
        read.clear();
        bundle(step, left);
        assertThat("and this one goes on", read.get(0), is(firstBundle));
    }

    @Test
    void anotherStepOfTheSameRunDoesNotGoOnWithIt() {
        bundle(step, new OffsetRange(0, 2));
        int firstBundle = read.size();
        ReadUnitsDoFn other = new ReadUnitsDoFn(spec, 1, true);
        other.setup(PipelineOptionsFactory.create());
        read.clear();

        bundle(other, new OffsetRange(0, 2));
        other.teardown();

        assertThat(read, is(IntStream.range(0, firstBundle).boxed().toList()));
    }
}
