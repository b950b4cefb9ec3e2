// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** How a stream is read. */
public enum SyncMode {
    /** All rows, every time. */
    FULL_REFRESH,
    /** The rows whose cursor is above the last one read. */
    INCREMENTAL,
    /** The changes, from the database's log. */
    CDC;

    /** The name in manifests, pipeline files and payloads: {@code full_refresh}, {@code incremental}, {@code cdc}. */
    public String jsonName() {
        return JsonNames.of(this);
    }

    /**
     * The mode with a {@link #jsonName()}.
     *
     * @throws IllegalArgumentException naming the value and the known ones
     */
    public static SyncMode fromJsonName(String name) {
        return JsonNames.parse(SyncMode.class, name);
    }
}
