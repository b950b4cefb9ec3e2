// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** Ends a command with a sentence and a kind of failure of its own. */
final class CommandFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final FailureKind kind;

    /** What {@code --json} shows beside the failure. */
    private final transient ObjectNode result;

    CommandFailedException(FailureKind kind, String message, ObjectNode result) {
        super(message);
        this.kind = kind;
        this.result = result;
    }

    CommandFailedException(FailureKind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.result = JsonOutput.object("failed");
    }

    FailureKind kind() {
        return kind;
    }

    ObjectNode result() {
        return result;
    }
}
