// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.RecordPolicy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says in the log that a target lacks records: whoever chose that need not look at dead letters, receipts and metrics. */
final class RefusedRecords {
    private static final Logger LOG = LoggerFactory.getLogger(RefusedRecords.class);

    private RefusedRecords() {}

    /** One line, when there is something to say. */
    static void warn(String stream, String target, long refused, RecordPolicy policy) {
        if (refused > 0) {
            LOG.warn(
                    "{} of the records of stream {} are not in {}, because it refused them: {}.",
                    refused,
                    stream,
                    target,
                    policy == RecordPolicy.DLQ
                            ? "they are dead letters, in the destination's dead_letter_table if its config names one, and else where the pipeline"
                                    + " keeps them: the command line with its state, in Java whoever takes them from getDeadLetters()"
                            : "they were skipped, and nothing is left of them");
        }
    }
}
