// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import java.util.Locale;
import java.util.Objects;

/**
 * What came of one check.
 *
 * @param check the check's name: stable, lower case with underscores
 * @param outcome whether the contract is kept
 * @param message what was found, in a sentence
 */
public record Finding(String check, Outcome outcome, String message) {

    /** Checks that nothing is null. */
    public Finding {
        Objects.requireNonNull(check, "check");
        Objects.requireNonNull(outcome, "outcome");
        Objects.requireNonNull(message, "message");
    }

    /** What can come of a check. */
    public enum Outcome {
        /** The connector does what the contract says. */
        KEPT,
        /** It does not. */
        BROKEN,
        /** The contract does not concern this connector, or there was no way to try it; the message says which. */
        NOT_TRIED;

        /** The name in JSON, for example {@code not_tried}. */
        public String jsonName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
