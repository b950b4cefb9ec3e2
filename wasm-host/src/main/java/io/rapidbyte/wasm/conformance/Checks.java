// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import io.rapidbyte.wasm.CheckResult;

/** What the answer to {@code rb_check} has to look like ({@code docs/abi.md}, section 5.3). */
final class Checks {
    private Checks() {}

    static void requirePassed(CheckResult result) throws Broken {
        Broken.unless(!result.checks().isEmpty(), "It checks nothing: there is one entry for every prerequisite.");
        for (CheckResult.Check check : result.checks()) {
            Broken.unless(!check.message().isBlank(), "The check %s does not say what it found.", check.name());
            Broken.unless(
                    check.ok() || !check.hint().isBlank(),
                    "The check %s failed without a hint what to do about it: %s.",
                    check.name(),
                    check.message());
            Broken.unless(
                    check.ok(),
                    "The check %s fails with this configuration, with which nothing can be tried: %s. %s.",
                    check.name(),
                    check.message(),
                    check.hint());
        }
    }
}
