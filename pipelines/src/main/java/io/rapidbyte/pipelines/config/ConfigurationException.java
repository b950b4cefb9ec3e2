// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import java.util.List;
import java.util.stream.Collectors;

/** A pipeline file that cannot be run as it is. The message has one line for each problem. */
public final class ConfigurationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<ConfigProblem> problems;

    /** Reports all of the problems at once; there is at least one. */
    public ConfigurationException(List<ConfigProblem> problems) {
        super(problems.stream().map(ConfigProblem::toString).collect(Collectors.joining("\n")));
        if (problems.isEmpty()) {
            throw new IllegalArgumentException("a configuration exception needs a problem");
        }
        this.problems = List.copyOf(problems);
    }

    /** Returns the problems in the order of the file. */
    public List<ConfigProblem> problems() {
        return problems;
    }
}
