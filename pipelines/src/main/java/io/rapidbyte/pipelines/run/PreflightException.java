// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A pipeline that cannot run, found before anything was written. The message has one line for each reason. */
public final class PreflightException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<Preflight.Finding> findings;

    /** Takes all that was looked at. */
    PreflightException(List<Preflight.Finding> findings) {
        super(failures(findings).map(Preflight.Finding::sentence).collect(Collectors.joining("\n")));
        this.findings = List.copyOf(findings);
    }

    /** Returns all that was looked at, in the order it was. */
    public List<Preflight.Finding> findings() {
        return findings;
    }

    /** Returns what keeps the pipeline from running, at least one. */
    public List<Preflight.Finding> failures() {
        return failures(findings).toList();
    }

    private static Stream<Preflight.Finding> failures(List<Preflight.Finding> findings) {
        return findings.stream().filter(each -> !each.ok());
    }
}
