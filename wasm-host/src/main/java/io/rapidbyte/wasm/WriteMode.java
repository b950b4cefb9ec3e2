// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** How a destination treats what the target already holds. */
public enum WriteMode {
    /** Adds the rows. */
    APPEND,
    /** Puts the new rows in the place of all old ones, in one step at the end of the run. */
    REPLACE,
    /** Merges by primary key. */
    UPSERT;

    /** The name in manifests, pipeline files and payloads: {@code append}, {@code replace}, {@code upsert}. */
    public String jsonName() {
        return JsonNames.of(this);
    }

    /**
     * The mode with a {@link #jsonName()}.
     *
     * @throws IllegalArgumentException naming the value and the known ones
     */
    public static WriteMode fromJsonName(String name) {
        return JsonNames.parse(WriteMode.class, name);
    }
}
