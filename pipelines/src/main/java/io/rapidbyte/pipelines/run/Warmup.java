// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.WasmHost;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads what a run will need beside whatever the process waits for at its beginning: a server to start, another to answer.
 * It only ever saves time; whatever fails here fails again where it is needed, and is reported there.
 */
public final class Warmup {
    private static final Logger LOG = LoggerFactory.getLogger(Warmup.class);

    private Warmup() {}

    /** Starts to load the modules in this order, and Beam after them. */
    public static void start(ConnectorModule... modules) {
        Thread thread = new Thread(() -> load(modules), "warm-up");
        thread.setDaemon(true);
        thread.start();
    }

    private static void load(ConnectorModule... modules) {
        try {
            for (ConnectorModule module : modules) {
                WasmHost.shared().load(module);
            }
            PipelineOptionsFactory.create();
        } catch (ConnectorException e) {
            LOG.debug("loading ahead failed", e);
        }
    }
}
