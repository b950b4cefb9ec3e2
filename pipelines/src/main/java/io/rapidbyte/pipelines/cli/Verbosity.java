// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

/** How much a command says beside its result. */
public enum Verbosity {
    /** Errors only. */
    QUIET,
    /** Progress and the result. */
    NORMAL,
    /** Also what connectors log, and where modules come from. */
    VERBOSE,
    /** Also the runner's log, and stack traces. */
    DEBUG
}
