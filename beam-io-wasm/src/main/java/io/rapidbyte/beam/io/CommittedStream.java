// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static java.util.Objects.requireNonNull;

import io.rapidbyte.wasm.CommittedBatches;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.StreamSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.beam.sdk.coders.VarLongCoder;
import org.apache.beam.sdk.io.range.OffsetRange;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Sum;
import org.apache.beam.sdk.values.PCollection;

/**
 * What a run has committed of a stream before it broke off, for whoever goes on with it under the same run id in a state of the source that is not
 * the one the run has read: a row that has moved meanwhile would be lost, or there twice. So what is committed is read again first and compared, and the
 * run goes on only when all of it is what it was:
 *
 * <pre>{@code
 * CommittedStream committed = CommittedStream.of(write.withRunId(broken), plan.stream()).orElseThrow();
 * if (committed.batches() > 0 && !committed.isEnded()) {
 *   comparing.apply(committed.readBy(read.withPlans(List.of(plan)))).apply(committed.comparison());
 *   comparing.run().waitUntilFinish();
 * }
 * }</pre>
 *
 * <p>Both have to read one state of the source: see {@link SourceSnapshot}.
 */
public final class CommittedStream {
    private final String destination;
    private final String stream;
    private final CommittedBatches batches;

    private CommittedStream(String destination, String stream, CommittedBatches batches) {
        this.destination = destination;
        this.stream = stream;
        this.batches = batches;
    }

    /**
     * Asks the destination. Waits for writers of the run that have a transaction open.
     *
     * @param write has to have a run id
     * @param stream as it was planned
     * @return empty when the destination does not keep what it has committed
     * @throws io.rapidbyte.wasm.ConnectorException when it cannot be asked
     */
    public static Optional<CommittedStream> of(WasmIO.Write write, StreamSpec stream) {
        ConnectorSpec spec = write.spec().complete(WasmIO.WRITE);
        String runId = requireNonNull(spec.runId(), "runId");
        try (DestinationConnector connector = spec.openDestination()) {
            LocalWriters.Work work = connector::cancel;
            LocalWriters.enter(runId, work, spec.name(), stream.name());
            try {
                return connector
                        .committed(stream)
                        .map(batches -> new CommittedStream(spec.name(), stream.name(), batches));
            } finally {
                LocalWriters.leave(runId, work);
            }
        }
    }

    /** How many batches are committed. */
    public int batches() {
        return batches.size();
    }

    /** Whether the stream was finalized: nothing is added to it any more. */
    public boolean isEnded() {
        return batches.isEnded();
    }

    /**
     * A read of those units only of which something is committed.
     *
     * @param read of the plan by which the run was begun, and of no other
     */
    public WasmIO.Read readBy(WasmIO.Read read) {
        return read.withUnits(units());
    }

    /**
     * Fails with {@code batch_changed} or {@code batch_missing} when what is read is not what was committed. What comes beside it is of no concern. The
     * output is how many batches were compared, all of them.
     */
    public PTransform<PCollection<ArrowBatch>, PCollection<Long>> comparison() {
        return new Comparison(destination, stream, batches);
    }

    /** Without gaps between units that follow one another. */
    private List<OffsetRange> units() {
        List<OffsetRange> ranges = new ArrayList<>();
        long from = 0;
        long to = 0;
        for (int at = 0; at < batches.size(); at++) {
            long unit = batches.unit(at);
            if (unit >= to) {
                if (unit > to || to == 0) {
                    addTo(ranges, from, to);
                    from = unit;
                }
                to = unit + 1;
            }
        }
        addTo(ranges, from, to);
        return ranges;
    }

    private static void addTo(List<OffsetRange> ranges, long from, long to) {
        if (to > from) {
            ranges.add(new OffsetRange(from, to));
        }
    }

    private static final class Comparison extends PTransform<PCollection<ArrowBatch>, PCollection<Long>> {
        private final String destination;
        private final String stream;
        private final CommittedBatches batches;

        Comparison(String destination, String stream, CommittedBatches batches) {
            this.destination = destination;
            this.stream = stream;
            this.batches = batches;
        }

        @Override
        public PCollection<Long> expand(PCollection<ArrowBatch> input) {
            return input.apply("Compare", ParDo.of(new CompareBatchesFn(destination, batches)))
                    .setCoder(VarLongCoder.of())
                    .apply("Count", Sum.longsGlobally())
                    .apply("All", ParDo.of(new RequireBatchesFn(destination, stream, batches.size())))
                    .setCoder(VarLongCoder.of());
        }
    }
}
