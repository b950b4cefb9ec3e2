// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** What is known of a destination's transaction when it failed ({@code docs/abi.md}, section 8). */
public enum CommitState {
    /** Nothing was committed. */
    BEFORE_COMMIT,
    /** The commit was sent, and its outcome is not known. */
    AFTER_COMMIT_UNKNOWN,
    /** The commit succeeded before the failure. */
    AFTER_COMMIT_CONFIRMED;

    /** The name in error records. */
    public String jsonName() {
        return JsonNames.of(this);
    }
}
