// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** What a connector does in a pipeline ({@code docs/abi.md}, section 3). */
public enum Role {
    /** Reads streams and emits batches. */
    SOURCE,
    /** Takes batches and writes them. */
    DESTINATION,
    /** Takes batches and emits batches. */
    TRANSFORM;

    /** The name in manifests and messages: {@code source}, {@code destination}, {@code transform}. */
    public String jsonName() {
        return JsonNames.of(this);
    }
}
