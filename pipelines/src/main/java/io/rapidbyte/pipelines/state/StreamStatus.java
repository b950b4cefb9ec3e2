// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

/** What became of a stream in a run. */
public enum StreamStatus {
    /** It is planned, and a part of it may be in its target. */
    BEGUN,
    /** It is complete in its target, and its position is stored. */
    DONE,
    /** It failed; a part of it may be in its target. */
    FAILED,
    /** What was begun is not gone on with any more: a later run has done it, or it was torn down. */
    GIVEN_UP
}
