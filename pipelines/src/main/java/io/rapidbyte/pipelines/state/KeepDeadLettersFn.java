// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import io.rapidbyte.beam.io.DeadLetter;
import org.apache.beam.sdk.transforms.DoFn;

/** Stands in. */
public final class KeepDeadLettersFn extends DoFn<DeadLetter, Void> {
    public KeepDeadLettersFn(StateLocation location) {}

    @ProcessElement
    public void process(@Element DeadLetter s) {}
}
