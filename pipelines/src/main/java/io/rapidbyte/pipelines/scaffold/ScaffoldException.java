// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.scaffold;

/** A connector cannot be scaffolded as it was asked for; the message says why and what to do. Nothing was written. */
public final class ScaffoldException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ScaffoldException(String message) {
        super(message);
    }

    ScaffoldException(String message, Throwable cause) {
        super(message, cause);
    }
}
