// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** What becomes of a record that cannot be moved. */
public enum RecordPolicy {
    /** It fails what it is part of. */
    FAIL,
    /** It is left out, and counted. */
    SKIP,
    /** It is left out, and becomes a dead letter. */
    DLQ;

    /** The name in payloads: {@code fail}, {@code skip}, {@code dlq}. */
    public String jsonName() {
        return JsonNames.of(this);
    }

    /**
     * The policy with a {@link #jsonName()}.
     *
     * @throws IllegalArgumentException naming the value and the known ones
     */
    public static RecordPolicy fromJsonName(String name) {
        return JsonNames.parse(RecordPolicy.class, name);
    }
}
