// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Thrown at the end of a run in which streams failed. What became of the others is in its summary. */
public final class StreamsFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient RunSummary summary;
    private final transient Map<String, Throwable> failures;

    StreamsFailedException(RunSummary summary, Map<String, Throwable> failures) {
        super(
                failures.size() == 1
                        ? "Stream " + failures.keySet().iterator().next() + " failed."
                        : failures.size() + " streams failed: " + String.join(", ", failures.keySet()) + ".",
                failures.values().iterator().next());
        this.summary = summary;
        this.failures = Collections.unmodifiableMap(new LinkedHashMap<>(failures));
    }

    /** What the run did. */
    public RunSummary summary() {
        return summary;
    }

    /** Why, by stream, in the order of the pipeline file. */
    public Map<String, Throwable> failures() {
        return failures;
    }
}
