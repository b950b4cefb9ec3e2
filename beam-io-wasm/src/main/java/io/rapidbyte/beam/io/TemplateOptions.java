// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import org.apache.beam.sdk.options.Hidden;
import org.apache.beam.sdk.options.PipelineOptions;

/** The option by which Dataflow keeps a graph for many launches, under the name and with the type that it has there. */
@Hidden
public interface TemplateOptions extends PipelineOptions {
    /** Where the graph is kept; null when it is executed at once. */
    String getTemplateLocation();

    /** Sets it. */
    void setTemplateLocation(String location);
}
