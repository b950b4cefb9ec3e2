// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

/**
 * A stream in a run.
 *
 * @param runId the run
 * @param stream the stream's name
 * @param status what became of it
 * @param writeRunId the run id its batches are written under: another one than {@code runId} when it goes on with what an earlier run began, or
 *     was begun anew in this one
 * @param fingerprint what tells whether a later run asks for the same thing
 * @param writeMode how it is written
 * @param plan by what it is read, as JSON; what a run needs to go on with it
 * @param attempts how often it was tried
 * @param rowsRead rows emitted by the source
 * @param rows rows written
 * @param refused records that were left out
 * @param bytes bytes of the batches written
 * @param seconds how long it took; 0 when that is not known
 * @param errorCode the code of the failure, or null
 * @param errorMessage what failed, in a sentence without secrets, or null
 */
public record StreamRun(
        String runId,
        String stream,
        StreamStatus status,
        String writeRunId,
        String fingerprint,
        String writeMode,
        String plan,
        int attempts,
        long rowsRead,
        long rows,
        long refused,
        long bytes,
        double seconds,
        String errorCode,
        String errorMessage) {
    /** The same stream in another run, which goes on with this one. */
    public StreamRun inRun(String otherRunId, StreamStatus otherStatus) {
        return new StreamRun(
                otherRunId,
                stream,
                otherStatus,
                writeRunId,
                fingerprint,
                writeMode,
                plan,
                attempts,
                rowsRead,
                rows,
                refused,
                bytes,
                seconds,
                errorCode,
                errorMessage);
    }
}
