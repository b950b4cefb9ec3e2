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
     */
    static void endWriters(String writeRunId, Duration patience) {
        boolean wasInterrupted = Thread.interrupted();
        try {
            if (!LocalWriters.end(writeRunId, patience)) {
                LOG.warn(
                        "What writes or finalizes run {} did not end within {} ms of being told to.",
                        writeRunId,
                        patience.toMillis());
            }
        } catch (InterruptedException e) {
            wasInterrupted = true;
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
     * @return whether it did; when not, the log says why
     */
    static boolean remove(PreparedPipeline pipeline, String writeRunId, List<StreamSpec> streams) {
        // Cleaning up is not stopped by what stopped the run.
        boolean wasInterrupted = Thread.interrupted();
        PreparedPipeline.Connector connector = pipeline.destination();
        InstanceOptions instance =
                InstanceOptions.of(writeRunId).withGrants(connector.grants()).withLimits(connector.limits());
        try (DestinationConnector destination =
                WasmHost.shared().openDestination(connector.module(), connector.config(), instance)) {
            destination.teardown(streams, "failed");
            return true;
        } catch (ConnectorException e) {
            LOG.warn("What run {} left behind in the destination could not be removed: {}", writeRunId, e.getMessage());
            return false;
        } finally {
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
