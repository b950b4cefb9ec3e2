// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import java.util.List;
import java.util.stream.Collectors;

/** A pipeline that cannot run, found before anything was written. The message has one line for each reason. */
public final class PreflightException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<Preflight.Finding> failures;

    PreflightException(List<Preflight.Finding> failures) {
        super(failures.stream().map(Preflight.Finding::sentence).collect(Collectors.joining("\n")));
        this.failures = List.copyOf(failures);
    }

    /** Returns what keeps the pipeline from running, at least one. */
    public List<Preflight.Finding> failures() {
        return failures;
    }
}
