// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

/** Thrown when what pipelines remember cannot be reached at the moment: the same may succeed later, though nobody does anything about it. */
public final class StateUnavailableException extends StateException {
    private static final long serialVersionUID = 1L;

    /** With what went wrong. */
    public StateUnavailableException(String message, Throwable cause) {
        super(message, false, cause);
    }
}
