// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.util.Map;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollectionTuple;
import org.apache.beam.sdk.values.PInput;
import org.apache.beam.sdk.values.POutput;
import org.apache.beam.sdk.values.PValue;
import org.apache.beam.sdk.values.TupleTag;

/** What a read that keeps its dead letters yields. */
public final class WasmReadResult implements POutput {
    static final TupleTag<ArrowBatch> BATCHES = new TupleTag<>("batches") {};
    static final TupleTag<DeadLetter> DEAD_LETTERS = new TupleTag<>("deadLetters") {};

    private final PCollectionTuple collections;

    WasmReadResult(PCollectionTuple collections) {
        this.collections = collections;
    }

    /** The rows that could be read. */
    public PCollection<ArrowBatch> getBatches() {
        return collections.get(BATCHES);
    }

    /** One letter for each record that could not. Empty unless the policy is {@link io.rapidbyte.wasm.RecordPolicy#DLQ}. */
    public PCollection<DeadLetter> getDeadLetters() {
        return collections.get(DEAD_LETTERS);
    }

    @Override
    public Pipeline getPipeline() {
        return collections.getPipeline();
    }

    @Override
    public Map<TupleTag<?>, PValue> expand() {
        return collections.expand();
    }

    @Override
    public void finishSpecifyingOutput(String transformName, PInput input, PTransform<?, ?> transform) {
        // Both collections come from a transform inside, which has specified them.
    }
}
