// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import java.time.Instant;

/**
 * A record that was left out.
 *
 * @param runId the run
 * @param stream the stream's name
 * @param identity what tells the letter from all others of the stream in the run, whenever it comes again
 * @param category the kind of failure
 * @param code the code of the failure, for example an SQLSTATE
 * @param reason why, in a sentence
 * @param record the record as JSON, as far as it is known
 * @param stored when
 */
public record StoredDeadLetter(
        String runId,
        String stream,
        String identity,
        String category,
        String code,
        String reason,
        String record,
        Instant stored) {}
