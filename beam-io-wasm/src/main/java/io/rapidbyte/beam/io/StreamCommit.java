// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static java.util.Objects.requireNonNull;

import java.io.Serializable;

/**
 * What the writing step tells the finalize step of a bundle.
 *
 * @param receipt what is committed
 * @param position where the stream's run ends, when the batch that carries it was in the bundle; else null. It is not in the receipt, which
 *     anybody can see: other bundles of the stream may not be committed yet
 */
record StreamCommit(CommitReceipt receipt, String position) implements Serializable {
    StreamCommit {
        requireNonNull(receipt, "receipt");
    }
}
