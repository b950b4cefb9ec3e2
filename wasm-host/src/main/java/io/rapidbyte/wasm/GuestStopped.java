// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** Unwinds a guest that may not go on. */
final class GuestStopped extends RuntimeException {
    private static final long serialVersionUID = 1L;

    GuestStopped(CallGuard.Stop reason) {
        super(reason.name(), null, false, false);
    }
}
