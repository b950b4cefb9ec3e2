// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.wasm.Category;
import java.util.Locale;

/** How a command failed, finer than its exit code: {@code --json} names it as {@code error.kind}. */
public enum FailureKind {
    /** The command line, the pipeline file or the configuration of a connector has to be changed. */
    USAGE(ExitCode.USAGE),
    /** A server or the sandbox refused: wrong credentials, missing rights, or an address that is not allowed. */
    PERMISSION(ExitCode.CONNECTION),
    /** A server did not answer, or is too busy: the same command can succeed later. */
    UNAVAILABLE(ExitCode.CONNECTION),
    /** Data or a schema does not fit, or a copy is not equal to its source. */
    DATA(ExitCode.FAILED),
    /** The pipeline is being run already. */
    BUSY(ExitCode.FAILED),
    /** A connector or this program is at fault. */
    INTERNAL(ExitCode.FAILED),
    /** It was told to end. */
    INTERRUPTED(ExitCode.INTERRUPTED);

    private final ExitCode code;

    FailureKind(ExitCode code) {
        this.code = code;
    }

    /** Returns the kind of a connector's error. */
    static FailureKind of(Category category) {
        return switch (category) {
            case CONFIG -> USAGE;
            case AUTH, PERMISSION -> PERMISSION;
            case RATE_LIMIT, TRANSIENT_NETWORK, TRANSIENT_DB -> UNAVAILABLE;
            case DATA, SCHEMA -> DATA;
            case INTERNAL, FRAME -> INTERNAL;
            case CANCELLED -> INTERRUPTED;
        };
    }

    /** Returns what the process ends with; where a signal ended it, {@link Failure#code()} knows which. */
    ExitCode code() {
        return code;
    }

    /** Returns the name that programs see. */
    String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
