// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.ConnectorException;
import org.apache.beam.sdk.transforms.DoFn;

/** Fails when fewer batches were the same than are committed: a batch that does not come any more cannot be compared. */
final class RequireBatchesFn extends DoFn<Long, Long> {
    private final String destination;
    private final String stream;
    private final long committed;

    RequireBatchesFn(String destination, String stream, long committed) {
        this.destination = destination;
        this.stream = stream;
        this.committed = committed;
    }

    @ProcessElement
    public void process(@Element Long same, OutputReceiver<Long> all) {
        if (same != committed) {
            throw new ConnectorException(
                    destination,
                    ConnectorError.of(
                            Category.DATA,
                            "batch_missing",
                            "Stream " + stream + ": " + committed
                                    + " batches were committed before the run broke off, and " + same
                                    + " of them are there when it is read again. Nothing was written since."));
        }
        all.output(same);
    }
}
