// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

/** A run that failed for a reason that is not a connector's. */
public sealed class RunFailedException extends RuntimeException permits JobLostException {
    private static final long serialVersionUID = 1L;

    RunFailedException(String message) {
        super(message);
    }

    RunFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
