// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** What a failure concerns ({@code docs/abi.md}, section 8). */
public enum Scope {
    /** The whole stream. */
    STREAM,
    /** One batch. */
    BATCH,
    /** One record. */
    RECORD;

    /** The name in error records. */
    public String jsonName() {
        return JsonNames.of(this);
    }
}
