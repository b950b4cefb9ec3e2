// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import io.rapidbyte.beam.io.FinalizedStream;
import java.util.Map;
import org.apache.beam.sdk.transforms.DoFn;

/** Stands in. */
public final class CompleteStreamFn extends DoFn<FinalizedStream, Void> {
    public CompleteStreamFn(StateLocation location, String runId, Map<String, String> cursors) {}

    @ProcessElement
    public void process(@Element FinalizedStream s) {}
}
