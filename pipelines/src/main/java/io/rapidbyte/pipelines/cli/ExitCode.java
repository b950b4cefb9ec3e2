// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.wasm.Category;

/** What the exit code of a command tells the program that called it. Codes keep their meaning between versions. */
public enum ExitCode {
    /** Everything was done. */
    OK(0),
    /** What was tried does not hold. */
    FAILED(1),
    /** The command line, the pipeline file or the configuration of a connector has to be changed. */
    USAGE(2),
    /** A server or the sandbox refused: wrong credentials, missing rights, or an address that is not allowed. */
    PERMISSION(3),
    /** A server did not answer, or is too busy: the same command can succeed later. */
    UNAVAILABLE(4),
    /** Data or a schema does not fit, or a copy is not equal to its source. */
    DATA(5),
    /** A connector or this program is at fault. */
    INTERNAL(6),
    /** The run was interrupted: 128 and the number of the signal, as shells have it. */
    INTERRUPTED(130);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    /** Returns the number that the process ends with. */
    public int code() {
        return code;
    }

    /** Returns the code for a connector's error. */
    public static ExitCode of(Category category) {
        return switch (category) {
            case CONFIG -> USAGE;
            case AUTH, PERMISSION -> PERMISSION;
            case RATE_LIMIT, TRANSIENT_NETWORK, TRANSIENT_DB -> UNAVAILABLE;
            case DATA, SCHEMA -> DATA;
            case INTERNAL, FRAME -> INTERNAL;
            case CANCELLED -> INTERRUPTED;
        };
    }
}
