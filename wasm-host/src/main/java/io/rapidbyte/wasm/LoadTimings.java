// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.Serializable;

/**
 * How long loading a module took.
 *
 * @param origin where the code came from
 * @param parseNanos reading and checking the module, in nanoseconds
 * @param compileNanos compiling it, or loading what was compiled before, in nanoseconds
 * @param instantiateNanos making the latest instance, in nanoseconds; 0 when there was none
 */
public record LoadTimings(CodeOrigin origin, long parseNanos, long compileNanos, long instantiateNanos)
        implements Serializable {

    /** Where a module's code came from. */
    public enum CodeOrigin {
        /** Compiled in the build of the connectors. */
        AHEAD_OF_TIME,
        /** Compiled by an earlier process and kept on disk. */
        DISK_CACHE,
        /** Compiled in this process. */
        COMPILED,
        /** Not compiled at all. */
        INTERPRETED
    }
}
