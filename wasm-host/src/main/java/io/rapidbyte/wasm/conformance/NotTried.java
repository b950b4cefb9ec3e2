// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

/** A contract does not concern this connector, or cannot be tried; the message says why. */
final class NotTried extends Exception {
    private static final long serialVersionUID = 1L;

    NotTried(String message) {
        super(message);
    }
}
