// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

/** What became of a run. */
public enum RunStatus {
    /** It goes on, or its process ended without a word. */
    RUNNING,
    /** Every stream is complete. */
    DONE,
    /** At least one stream failed. */
    FAILED,
    /** It was told to end, or was found dead by the next run. */
    INTERRUPTED
}
