// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.beam.io.LocalWriters;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WasmHost;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What streams that broke off have left in the destination outside of their targets, and at work in this process. */
final class Leftovers {
    private static final Logger LOG = LoggerFactory.getLogger(Leftovers.class);

    private Leftovers() {}

    /**
     * Ends what this process still writes under a run id, so that nothing is written any more when this returns. It begins again only after {@link
     * LocalWriters#forget}.
     *
     * @return whether all of it is gone
     */
    static boolean endWriters(String writeRunId, Duration patience) {
        boolean wasInterrupted = Thread.interrupted();
        try {
            if (LocalWriters.end(writeRunId, patience)) {
                return true;
            }
            LOG.warn(
                    "What writes or finalizes run {} did not end within {} ms of being told to.",
                    writeRunId,
                    patience.toMillis());
            return false;
        } catch (InterruptedException e) {
            wasInterrupted = true;
            return false;
        } finally {
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Has the destination remove what is left.
     *
     * @param streams as they were planned
     * @throws ConnectorException when it cannot
     */
    static void remove(PreparedPipeline pipeline, String writeRunId, List<StreamSpec> streams) {
        // Cleaning up is not stopped by what stopped the run.
        boolean wasInterrupted = Thread.interrupted();
        PreparedPipeline.Connector connector = pipeline.destination();
        InstanceOptions instance =
                InstanceOptions.of(writeRunId).withGrants(connector.grants()).withLimits(connector.limits());
        try (DestinationConnector destination =
                WasmHost.shared().openDestination(connector.module(), connector.config(), instance)) {
            destination.teardown(streams, "failed");
        } finally {
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The same at the end of a run, which knows what is left, and so does the next. */
    static void tryToRemove(PreparedPipeline pipeline, String writeRunId, List<StreamSpec> streams) {
        try {
            remove(pipeline, writeRunId, streams);
        } catch (ConnectorException e) {
            LOG.warn("What run {} left behind in the destination could not be removed: {}", writeRunId, e.getMessage());
        }
    }
}
