// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** Ends a command with a sentence and an exit code of its own. */
final class CommandFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ExitCode code;

    /** What {@code --json} shows beside the failure. */
    private final transient ObjectNode result;

    CommandFailedException(ExitCode code, String message, ObjectNode result) {
        super(message);
        this.code = code;
        this.result = result;
    }

    CommandFailedException(ExitCode code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
        this.result = JsonOutput.object("failed");
    }

    ExitCode code() {
        return code;
    }

    ObjectNode result() {
        return result;
    }
}
