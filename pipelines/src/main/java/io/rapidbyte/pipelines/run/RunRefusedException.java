// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

/** Thrown when a run cannot begin as the pipeline is now; nothing was written. The message is a sentence for people. */
public final class RunRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    RunRefusedException(String message) {
        super(message);
    }
}
