// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

/** Thrown when a pipeline is running already; the message is a sentence for people. */
public final class PipelineBusyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** With what is known of the run that is going on. */
    public PipelineBusyException(String message) {
        super(message);
    }
}
