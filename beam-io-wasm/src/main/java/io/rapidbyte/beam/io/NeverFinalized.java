// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import org.apache.beam.sdk.transforms.DoFn;

/** Of commits that never end: puts out nothing, as long as there are any. */
final class NeverFinalized extends DoFn<StreamCommit, FinalizedStream> {
    @ProcessElement
    public void process(@Element StreamCommit commit) {
        // A stream to which rows are added for ever is never complete.
    }
}
