// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.CommittedBatches;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.ConnectorException;
import java.util.zip.CRC32C;
import org.apache.beam.sdk.transforms.DoFn;

/** Compares batches with what is committed under their identities: 1 for each that is the same, nothing for one that is not committed. */
final class CompareBatchesFn extends DoFn<ArrowBatch, Long> {
    private final String destination;
    private final CommittedBatches committed;

    CompareBatchesFn(String destination, CommittedBatches committed) {
        this.destination = destination;
        this.committed = committed;
    }

    @ProcessElement
    public void process(@Element ArrowBatch batch, OutputReceiver<Long> same) {
        BatchId id = batch.id();
        int at = committed.find(id.unit(), id.sequence());
        if (at < 0) {
            return;
        }
        CRC32C checksum = new CRC32C();
        checksum.update(batch.frame());
        if ((int) checksum.getValue() != committed.checksum(at)) {
            throw new ConnectorException(
                    destination,
                    ConnectorError.of(
                            Category.DATA,
                            "batch_changed",
                            "Stream " + id.stream() + ": batch " + id.sequence() + " of unit " + id.unit()
                                    + " was committed before the run broke off, and has other rows now. Nothing was written since."));
        }
        same.output(1L);
    }
}
