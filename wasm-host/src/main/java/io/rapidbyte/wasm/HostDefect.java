// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** Unwinds a guest because a host function failed in a way that it should not. */
final class HostDefect extends RuntimeException {
    private static final long serialVersionUID = 1L;

    HostDefect(String function, RuntimeException cause) {
        super("The host function " + function + " failed: " + cause, cause);
    }
}
