// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

/** A contract is broken; the message is the sentence that says how. */
final class Broken extends Exception {
    private static final long serialVersionUID = 1L;

    Broken(String message) {
        super(message);
    }

    /** Throws when the contract is not kept. */
    static void unless(boolean kept, String message, Object... values) throws Broken {
        if (!kept) {
            throw new Broken(message.formatted(values));
        }
    }
}
