// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import java.time.Instant;

/**
 * A run of a pipeline.
 *
 * @param runId the run
 * @param pipeline the pipeline's name
 * @param status what became of it
 * @param runner on which runner
 * @param started when
 * @param ended when, or null while it goes on
 * @param errorCode the code of the failure, or null
 * @param errorMessage what failed, in a sentence without secrets, or null
 */
public record RunRecord(
        String runId,
        String pipeline,
        RunStatus status,
        String runner,
        Instant started,
        Instant ended,
        String errorCode,
        String errorMessage) {}
