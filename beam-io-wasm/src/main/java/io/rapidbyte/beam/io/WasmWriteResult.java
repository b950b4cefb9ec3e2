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

/** What {@link WasmIO#write()} leaves behind. What must happen after the data is there waits on one of the two collections. */
public final class WasmWriteResult implements POutput {
    private static final TupleTag<CommitReceipt> RECEIPTS = new TupleTag<>("receipts");
    private static final TupleTag<FinalizedStream> FINALIZED = new TupleTag<>("finalized");

    private final PCollection<CommitReceipt> receipts;
    private final PCollection<FinalizedStream> finalized;

    WasmWriteResult(PCollection<CommitReceipt> receipts, PCollection<FinalizedStream> finalized) {
        this.receipts = receipts;
        this.finalized = finalized;
    }

    /** One receipt for each stream of each bundle, and for each window in it, once its batches are committed. */
    public PCollection<CommitReceipt> getReceipts() {
        return receipts;
    }

    /**
     * One element for each stream that had a batch, once it is complete in its target. Empty when the input was unbounded, as nothing is
     * ever complete then.
     */
    public PCollection<FinalizedStream> getFinalized() {
        return finalized;
    }

    @Override
    public Pipeline getPipeline() {
        return receipts.getPipeline();
    }

    @Override
    public Map<TupleTag<?>, PValue> expand() {
        return Map.of(RECEIPTS, receipts, FINALIZED, finalized);
    }

    @Override
    public void finishSpecifyingOutput(String transformName, PInput input, PTransform<?, ?> transform) {
        // Both collections come from transforms inside, which have specified them.
    }
}
