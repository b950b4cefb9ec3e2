// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.profile;

import io.rapidbyte.wasm.Role;

/**
 * A JVM method that is part of a compiled connector.
 *
 * @param connector the connector's name
 * @param role what the connector is
 * @param kind what the method is
 * @param name the function's name in the connector's source; for anything else than a function, the connector's name and the method's
 */
public record GuestFrame(String connector, Role role, Kind kind, String name) {

    /** What a method of a compiled connector can be. */
    public enum Kind {
        /** A function of the connector. */
        FUNCTION,
        /** What the compiler adds for all functions: memory access, checks, indirect calls, the way in. */
        SUPPORT,
        /** The way out: what lies below is the host's. */
        HOST_CALL
    }
}
