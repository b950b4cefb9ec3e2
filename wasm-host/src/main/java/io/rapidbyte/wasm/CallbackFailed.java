// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** Unwinds a guest because what it called, beyond the host, threw. The cause is thrown to the caller as it is. */
final class CallbackFailed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CallbackFailed(Throwable cause) {
        super(null, cause, false, false);
    }
}
