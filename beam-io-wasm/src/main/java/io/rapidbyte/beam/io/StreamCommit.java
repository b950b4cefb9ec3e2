// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static java.util.Objects.requireNonNull;

import java.io.Serializable;

/**
 * What the writing step tells the finalize step of a commit, and the sum of what it told of a stream.
 *
 * @param receipt what is committed
 * @param target the target's name for people
 * @param position where the stream's run ends, when the batch that carries it was in the bundle; else null. It is not in the receipt, which
 *     anybody can see: other bundles of the stream may not be committed yet
 * @param first whether the stream's first batch, which every stream has, was in the bundle
 */
record StreamCommit(CommitReceipt receipt, String target, String position, boolean first) implements Serializable {
    StreamCommit {
        requireNonNull(receipt, "receipt");
        requireNonNull(target, "target");
    }

    /** The sum of this and another commit of the same stream. */
    StreamCommit plus(StreamCommit other) {
        CommitReceipt more = other.receipt;
        return new StreamCommit(
                new CommitReceipt(
                        receipt.runId(),
                        receipt.stream(),
                        receipt.schema(),
                        receipt.rows() + more.rows(),
                        receipt.refused() + more.refused(),
                        receipt.bytes() + more.bytes(),
                        receipt.batches() + more.batches()),
                target,
                position == null ? other.position : position,
                first || other.first);
    }
}
