// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.RecordPolicy;
import java.util.HashSet;
import java.util.Set;
import org.apache.beam.sdk.transforms.DoFn;

/** Of commits that never end: puts out nothing, as long as there are any. A stream to which rows are added for ever is never complete. */
final class NeverFinalized extends DoFn<StreamCommit, FinalizedStream> {
    private final RecordPolicy dataErrors;

    /** The streams of which is said that they lost records: once, or the log would be full of it. */
    private transient Set<String> warned;

    NeverFinalized(RecordPolicy dataErrors) {
        this.dataErrors = dataErrors;
    }

    @Setup
    public void setup() {
        warned = new HashSet<>();
    }

    @ProcessElement
    public void process(@Element StreamCommit commit) {
        CommitReceipt receipt = commit.receipt();
        String stream = receipt.stream().name();
        if (receipt.refused() > 0 && warned.add(stream)) {
            RefusedRecords.warn(stream, commit.target(), receipt.refused(), dataErrors);
        }
    }
}
