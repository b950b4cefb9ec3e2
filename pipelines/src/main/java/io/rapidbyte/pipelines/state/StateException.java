// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

/** Thrown when what pipelines remember cannot be read or written; the message is a sentence for people, without secrets. */
public class StateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean misconfigured;

    /**
     * With what went wrong.
     *
     * @param misconfigured whether the pipeline file has to be changed, and trying again does not help
     */
    public StateException(String message, boolean misconfigured, Throwable cause) {
        super(message, cause);
        this.misconfigured = misconfigured;
    }

    /** Whether the pipeline file has to be changed. */
    public boolean isMisconfigured() {
        return misconfigured;
    }
}
