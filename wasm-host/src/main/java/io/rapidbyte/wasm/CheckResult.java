// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.Serializable;
import java.util.List;

/**
 * What a connector found when it checked its prerequisites ({@code docs/abi.md}, section 5.3).
 *
 * @param checks one for every prerequisite, in the order they were tried
 */
public record CheckResult(List<Check> checks) implements Serializable {

    /** Copies the list. */
    public CheckResult {
        checks = List.copyOf(checks);
    }

    /** Whether every prerequisite is met. */
    public boolean ok() {
        return checks.stream().allMatch(Check::ok);
    }

    /**
     * One prerequisite.
     *
     * @param name short and stable
     * @param ok whether it is met
     * @param message what was found
     * @param hint what to do about a failed one; empty when there is nothing to say
     * @param category what kind of failure a failed one is; null when the connector does not say, or says one that this version does not know
     */
    public record Check(String name, boolean ok, String message, String hint, Category category)
            implements Serializable {}
}
