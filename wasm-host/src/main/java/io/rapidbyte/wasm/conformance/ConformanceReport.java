// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import java.util.List;

/**
 * What the kit found out about a connector.
 *
 * @param findings one for each check, in the order they were made
 */
public record ConformanceReport(List<Finding> findings) {

    /** Copies the list. */
    public ConformanceReport {
        findings = List.copyOf(findings);
    }

    /** Whether no contract is broken. */
    public boolean conforms() {
        return broken().isEmpty();
    }

    /** The contracts that are broken. */
    public List<Finding> broken() {
        return with(Finding.Outcome.BROKEN);
    }

    /** The findings with an outcome. */
    public List<Finding> with(Finding.Outcome outcome) {
        return findings.stream().filter(finding -> finding.outcome() == outcome).toList();
    }
}
