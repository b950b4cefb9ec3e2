// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A pipeline file that cannot be run as it is. The message has one line for each problem, in the order of the file. */
public final class ConfigurationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private static final Comparator<ConfigProblem> BY_PLACE = Comparator.comparing(
                    ConfigProblem::location,
                    Comparator.comparingInt(Location::line).thenComparingInt(Location::column))
            .thenComparing(ConfigProblem::field);

    private final transient List<ConfigProblem> problems;

    /** Reports all of the problems at once; there is at least one. */
    public ConfigurationException(List<ConfigProblem> problems) {
        super(inOrder(problems).map(ConfigProblem::toString).collect(Collectors.joining("\n")));
        if (problems.isEmpty()) {
            throw new IllegalArgumentException("a configuration exception needs a problem");
        }
        this.problems = inOrder(problems).toList();
    }

    /** Returns the problems in the order of the file. */
    public List<ConfigProblem> problems() {
        return problems;
    }

    private static Stream<ConfigProblem> inOrder(List<ConfigProblem> problems) {
        return problems.stream().distinct().sorted(BY_PLACE);
    }
}
