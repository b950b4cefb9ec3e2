// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import org.apache.beam.sdk.options.Hidden;
import org.apache.beam.sdk.options.PipelineOptions;

/**
 * What tells one execution of a graph from all others, on its way to all workers. {@link WasmIO} sets it when a pipeline is started; it is
 * nothing to set by hand.
 */
@Hidden
public interface ExecutionOptions extends PipelineOptions {
    /** The execution; null when the pipeline was not started with {@code Pipeline.run()}. */
    String getRapidbyteExecution();

    /** Sets it. */
    void setRapidbyteExecution(String execution);
}
