// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

/** A run that was told to end before it was done. What it left behind has been removed as far as that was possible. */
public final class RunInterruptedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    RunInterruptedException(Throwable cause) {
        super("The run was interrupted.", cause);
    }
}
