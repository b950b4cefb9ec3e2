// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.Timings;
import java.util.UUID;
import org.apache.beam.sdk.coders.Coder;
import org.apache.beam.sdk.io.range.OffsetRange;
import org.apache.beam.sdk.options.PipelineOptions;
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
    private final boolean pausesInUnits;
    /** The same in all copies of this step, on all threads, and in no other. */
    private final String step = UUID.randomUUID().toString();

    /** The connector in the run of the stream that is read: mostly the one that is executed. */
    private transient ConnectorSpec running;

    private transient ConnectorSession<SourceConnector> session;

    /** What this instance has read so far. */
    private transient WorkerRecords records;

    /** The reads that this one has left to others. */
    private transient PausedReads paused;

    ReadUnitsDoFn(ConnectorSpec spec, int maxInitialSplits) {
        this(spec, maxInitialSplits, false);
    }

    /**
     * A step that reads.
     *
     * @param pausesInUnits whether a bundle may end in the midst of a unit that is too large for it: for a runner that holds a whole bundle
     *     in memory and never does one again
     */
    ReadUnitsDoFn(ConnectorSpec spec, int maxInitialSplits, boolean pausesInUnits) {
        this.spec = spec;
        this.maxInitialSplits = maxInitialSplits;
        this.pausesInUnits = pausesInUnits;
    }

    @GetInitialRestriction
    public OffsetRange initialRestriction(@Element PlannedStream stream) {
        return stream.units();
    }

    @GetRestrictionCoder
    public Coder<OffsetRange> restrictionCoder() {
        return OffsetRange.Coder.of();
    }

    @SplitRestriction
    public void splitRestriction(
            @Element PlannedStream stream, @Restriction OffsetRange range, OutputReceiver<OffsetRange> splits) {
        InitialSplits.of(range, stream.maxSplits(maxInitialSplits)).forEach(splits::output);
    }

    @GetSize
    public double size(@Element PlannedStream stream, @Restriction OffsetRange range) {
        StreamPlan plan = stream.plan();
        return unitBytes(plan) * (range.getTo() - range.getFrom());
    }

    private static double unitBytes(StreamPlan plan) {
        return plan.estimatedBytes() < 0 ? UNKNOWN_UNIT_BYTES : (double) plan.estimatedBytes() / plan.units();
    }

    @NewTracker
    public RestrictionTracker<OffsetRange, Long> tracker(
            @Element PlannedStream stream, @Restriction OffsetRange range) {
        return new UnitTracker(stream.plan().stream().name(), range, pauses(stream));
    }

    @Setup
    public void setup(PipelineOptions options) {
        running = spec.inRun(options);
        session = ConnectorSession.ofSource(running);
        paused = new PausedReads();
        records = WorkerRecords.ofSource();
    }

    @ProcessElement
    public ProcessContinuation process(
            @Element PlannedStream stream, RestrictionTracker<OffsetRange, Long> tracker, MultiOutputReceiver outputs) {
        OffsetRange range = tracker.currentRestriction();
        if (range.getFrom() == range.getTo()) {
            return ProcessContinuation.stop();
        }
        enterRunOf(stream);
        return pauses(stream) ? readPausing(stream, range, tracker, outputs) : read(stream, range, tracker, outputs);
    }

    private void enterRunOf(PlannedStream stream) {
        if (stream.runId() != null && !stream.runId().equals(running.runId())) {
            running = spec.withRunId(stream.runId());
            ConnectorSession<SourceConnector> former = session;
            session = ConnectorSession.ofSource(running);
            former.close();
        }
    }

    private ProcessContinuation read(
            PlannedStream stream,
            OffsetRange range,
            RestrictionTracker<OffsetRange, Long> tracker,
            MultiOutputReceiver outputs) {
        StreamPlan plan = stream.plan();
        UnitsRead read = unitsRead(stream, tracker, outputs);
        StreamMetrics metrics = new StreamMetrics(plan.stream().name(), spec.name());
        try {
            session.call(source -> {
                Timings before = source.timings();
                long start = System.nanoTime();
                try {
                    return source.read(plan, range.getFrom(), range.getTo(), read);
                } finally {
                    long nanos = System.nanoTime() - start;
                    metrics.add(RapidbyteMetrics.SOURCE_READ, nanos);
                    metrics.addAll(ReadPhases.of(nanos, source.timings().minus(before), 0));
                }
            });
        } finally {
            report(read, session, metrics);
        }
        return read.endedByBytes() ? ProcessContinuation.resume() : ProcessContinuation.stop();
    }

    private PausedReads.Key key(PlannedStream stream, long unit) {
        return new PausedReads.Key(step + "/" + running.runId(), stream.id(), unit);
    }

    /** Goes on with the read that is paused in the first unit of the range, or begins one, which may pause as well. */
    private ProcessContinuation readPausing(
            PlannedStream stream,
            OffsetRange range,
            RestrictionTracker<OffsetRange, Long> tracker,
            MultiOutputReceiver outputs) {
        String name = stream.plan().stream().name();
        PausableRead pausable = PausedReads.take(key(stream, range.getFrom()));
        if (pausable == null) {
            UnitsRead units = unitsRead(stream, tracker, outputs);
            pausable = new PausableRead(session, units);
            units.pauseBy(pausable);
            session = null;
        } else {
            pausable.read()
                    .continueIn(tracker, outputs.get(WasmReadResult.BATCHES), outputs.get(WasmReadResult.DEAD_LETTERS));
        }
        UnitsRead read = pausable.read();
        StreamMetrics metrics = new StreamMetrics(name, spec.name());
        boolean ended = true;
        try {
            ended = pausable.goOn(stream.plan(), range);
        } finally {
            report(read, pausable.session(), metrics);
            if (ended) {
                // Only now has the source said where its time went.
                metrics.add(RapidbyteMetrics.SOURCE_READ, pausable.workingNanos());
                metrics.addAll(ReadPhases.of(pausable.workingNanos(), pausable.timings(), pausable.pausedNanos()));
                keep(pausable.session());
            }
        }
        if (!ended) {
            paused.put(key(stream, read.unit()), pausable);
            if (session == null) {
                session = ConnectorSession.ofSource(running);
            }
        }
        return !ended || read.endedByBytes() ? ProcessContinuation.resume() : ProcessContinuation.stop();
    }

    /** One session is enough for the next bundle. */
    private void keep(ConnectorSession<SourceConnector> returned) {
        if (session == null) {
            session = returned;
        } else {
            returned.close();
        }
    }

    /**
     * Whether a unit can be more than a bundle should hold. Only on runners that never do a bundle again: what was emitted of a unit before
     * it paused would come twice.
     */
    private boolean pauses(PlannedStream stream) {
        StreamPlan plan = stream.plan();
        return pausesInUnits && (plan.units() == 1 || unitBytes(plan) > stream.bundleBytes());
    }

    private UnitsRead unitsRead(
            PlannedStream stream, RestrictionTracker<OffsetRange, Long> tracker, MultiOutputReceiver outputs) {
        return new UnitsRead(
                running,
                stream.plan().stream().name(),
                stream.plan().position(),
                tracker,
                outputs.get(WasmReadResult.BATCHES),
                outputs.get(WasmReadResult.DEAD_LETTERS),
                stream.bundleBytes());
    }

    private void report(UnitsRead read, ConnectorSession<SourceConnector> used, StreamMetrics metrics) {
        metrics.add(RapidbyteMetrics.READ_BUNDLES, 1);
        metrics.add(RapidbyteMetrics.RECORDS_READ, read.rows());
        records.add(metrics, read.rows());
        metrics.add(RapidbyteMetrics.BYTES_READ, read.bytes());
        metrics.add(RapidbyteMetrics.BATCHES_READ, read.batches());
        metrics.add(RapidbyteMetrics.EMIT_COUNT, read.batches());
        metrics.add(RapidbyteMetrics.DEAD_LETTERS, read.deadLetters());
        metrics.add(RapidbyteMetrics.SOURCE_VM_SETUP, used.takeOpenNanos());
        Timings timings = used.takeTimings();
        metrics.addHost("source", timings);
        metrics.add(RapidbyteMetrics.LARGE_RECORDS, timings.counters().getOrDefault("source_large_records", 0L));
        metrics.addCodecs();
    }

    @Teardown
    public void teardown() {
        if (session != null) {
            session.close();
        }
        if (paused != null) {
            paused.cancel();
        }
    }
}
