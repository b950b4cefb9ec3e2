// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.ConnectorException;

/** What is said when one stream comes from several reads where it must come from one. */
final class MixedRuns {
    private MixedRuns() {}

    /** Of two batches with one unit and number the destination would take one, and believe that it has the other. */
    static ConnectorException underOneId(String connector, String stream, String runId) {
        return error(
                connector,
                "Stream " + stream + " was read by two steps, and is written under the one run id " + runId
                        + ", by which the batches of one could not be told from those of the other. Give the write no run id, or the streams"
                        + " different names.");
    }

    /** Only one of them can be put in place of the target. */
    static ConnectorException inReplace(String connector, String stream) {
        return error(
                connector,
                "Stream " + stream
                        + " was read by two steps, and the rows of either would take the place of the other's. Read it in one step,"
                        + " or write it in mode append.");
    }

    private static ConnectorException error(String connector, String message) {
        return new ConnectorException(connector, ConnectorError.of(Category.CONFIG, "mixed_runs", message));
    }
}
