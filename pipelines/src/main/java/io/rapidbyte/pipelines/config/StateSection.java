// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

/**
 * The {@code state} of a pipeline: where it remembers positions and runs.
 *
 * @param backend {@code sqlite} or {@code postgres}
 * @param connection a file, or how to connect to the server, which may hold a password; null: a file beside the pipeline's
 */
public record StateSection(String backend, String connection) {
    /** A SQLite file beside the pipeline's. */
    public static final StateSection DEFAULTS = new StateSection(null, null);

    public StateSection {
        backend = backend == null ? "sqlite" : backend;
    }

    /** Names the backend; the connection stays out because it may hold a password. */
    @Override
    public String toString() {
        return backend;
    }
}
