// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.util.Map;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PInput;
import org.apache.beam.sdk.values.POutput;
import org.apache.beam.sdk.values.PValue;
import org.apache.beam.sdk.values.TupleTag;

/** What {@link WasmIO#write()} leaves behind. What must happen after the data is there waits on the receipts or on
 * the finalized streams. */
public final class WasmWriteResult implements POutput {
    static final TupleTag<StreamCommit> COMMITS = new TupleTag<>("commits") {};
    static final TupleTag<DeadLetter> DEAD_LETTERS = new TupleTag<>("deadLetters") {};

    private static final TupleTag<CommitReceipt> RECEIPTS = new TupleTag<>("receipts");
    private static final TupleTag<FinalizedStream> FINALIZED = new TupleTag<>("finalized");

    private final PCollection<CommitReceipt> receipts;
    private final PCollection<FinalizedStream> finalized;
    private final PCollection<DeadLetter> deadLetters;

    WasmWriteResult(
            PCollection<CommitReceipt> receipts,
            PCollection<FinalizedStream> finalized,
            PCollection<DeadLetter> deadLetters) {
        this.receipts = receipts;
        this.finalized = finalized;
        this.deadLetters = deadLetters;
    }

    /**
     * One receipt for each commit of a stream, and for each window in it, once the bundle that it was made in is committed to its end. In write
     * mode {@code replace} they come before the new rows are in the target: what needs these waits for {@link #getFinalized()}.
     */
    public PCollection<CommitReceipt> getReceipts() {
        return receipts;
    }

    /**
     * One element for each stream that had a batch, once it is complete in its target. Empty when the input was unbounded, as nothing is
     * ever complete then; what waits for it ({@code Wait.on}) waits until the windows of the batches are over.
     */
    public PCollection<FinalizedStream> getFinalized() {
        return finalized;
    }

    /**
     * One letter for each record that the destination refused, in the window and with the timestamp of the record's batch. They come out
     * when their batch is committed, at the latest with their bundle. Empty unless the policy is {@link io.rapidbyte.wasm.RecordPolicy#DLQ}.
     */
    public PCollection<DeadLetter> getDeadLetters() {
        return deadLetters;
    }

    @Override
    public Pipeline getPipeline() {
        return receipts.getPipeline();
    }

    @Override
    public Map<TupleTag<?>, PValue> expand() {
        return Map.of(RECEIPTS, receipts, FINALIZED, finalized, DEAD_LETTERS, deadLetters);
    }

    @Override
    public void finishSpecifyingOutput(String transformName, PInput input, PTransform<?, ?> transform) {
        // The collections come from transforms inside, which have specified them.
    }
}
