// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.Timings;
import org.apache.beam.sdk.coders.Coder;
import org.apache.beam.sdk.io.range.OffsetRange;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.splittabledofn.RestrictionTracker;

/**
 * Reads the units of a planned stream. The restriction is a range of units; the source asks for each before it reads it, and the
 * runner may split what was not asked for yet.
 */
@DoFn.BoundedPerElement
final class ReadUnitsDoFn extends DoFn<PlannedStream, ArrowBatch> {
    /** What a unit is taken to weigh when the source does not know. */
    private static final double UNKNOWN_UNIT_BYTES = 1 << 20;

    private final ConnectorSpec spec;
    private final int maxInitialSplits;

    private transient ConnectorSession<SourceConnector> session;

    ReadUnitsDoFn(ConnectorSpec spec, int maxInitialSplits) {
        this.spec = spec;
        this.maxInitialSplits = maxInitialSplits;
    }

    @GetInitialRestriction
    public OffsetRange initialRestriction(@Element PlannedStream stream) {
        return new OffsetRange(0, stream.plan().units());
    }

    @GetRestrictionCoder
    public Coder<OffsetRange> restrictionCoder() {
        return OffsetRange.Coder.of();
    }

    @SplitRestriction
    public void splitRestriction(@Restriction OffsetRange range, OutputReceiver<OffsetRange> splits) {
        InitialSplits.of(range, maxInitialSplits).forEach(splits::output);
    }

    @GetSize
    public double size(@Element PlannedStream stream, @Restriction OffsetRange range) {
        StreamPlan plan = stream.plan();
        double unitBytes =
                plan.estimatedBytes() < 0 ? UNKNOWN_UNIT_BYTES : (double) plan.estimatedBytes() / plan.units();
        return unitBytes * (range.getTo() - range.getFrom());
    }

    @NewTracker
    public RestrictionTracker<OffsetRange, Long> tracker(
            @Element PlannedStream stream, @Restriction OffsetRange range) {
        return new UnitTracker(stream.plan().stream().name(), range);
    }

    @Setup
    public void setup() {
        session = ConnectorSession.ofSource(spec);
    }

    @ProcessElement
    public ProcessContinuation process(
            @Element PlannedStream stream,
            RestrictionTracker<OffsetRange, Long> tracker,
            OutputReceiver<ArrowBatch> batches) {
        OffsetRange range = tracker.currentRestriction();
        if (range.getFrom() == range.getTo()) {
            return ProcessContinuation.stop();
        }
        StreamPlan plan = stream.plan();
        String name = plan.stream().name();
        UnitsRead read = new UnitsRead(spec, name, plan.position(), tracker, batches, stream.bundleBytes());
        StreamMetrics metrics = new StreamMetrics(name, spec.name());
        try {
            session.call(source -> {
                Timings before = source.timings();
                long start = System.nanoTime();
                try {
                    return source.read(plan, range.getFrom(), range.getTo(), read);
                } finally {
                    long nanos = System.nanoTime() - start;
                    metrics.add(RapidbyteMetrics.SOURCE_READ, nanos);
                    metrics.addAll(ReadPhases.of(nanos, source.timings().minus(before)));
                }
            });
        } finally {
            metrics.add(RapidbyteMetrics.READ_BUNDLES, 1);
            metrics.add(RapidbyteMetrics.RECORDS_READ, read.rows());
            metrics.add(RapidbyteMetrics.BYTES_READ, read.bytes());
            metrics.add(RapidbyteMetrics.BATCHES_READ, read.batches());
            metrics.add(RapidbyteMetrics.EMIT_COUNT, read.batches());
            metrics.add(RapidbyteMetrics.SOURCE_VM_SETUP, session.takeOpenNanos());
            metrics.addHost("source", session.takeTimings());
            metrics.addCodecs();
        }
        return read.endedByBytes() ? ProcessContinuation.resume() : ProcessContinuation.stop();
    }

    @Teardown
    public void teardown() {
        if (session != null) {
            session.close();
        }
    }
}
