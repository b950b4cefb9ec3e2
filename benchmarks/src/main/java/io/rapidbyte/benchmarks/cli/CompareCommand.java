// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import io.rapidbyte.benchmarks.compare.Comparison;
import io.rapidbyte.benchmarks.compare.Selection;
import io.rapidbyte.benchmarks.result.Iteration;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares two commits, or the last runs with those before. Exit codes: 0 no regression, 1 a regression, 2 wrong usage. */
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        description = "Tells whether a commit, or the last run, is slower than another.")
final class CompareCommand implements Callable<Integer> {
    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "BASE",
            description =
                    "The commit to compare with: the beginning of its name; -dirty at the end for a changed tree.")
    private String base;

    @Parameters(index = "1", arity = "0..1", paramLabel = "CANDIDATE", description = "The commit that is judged.")
    private String candidate;

    @Mixin
    private ResultsMixin results;

    @Option(
            names = "--last",
            paramLabel = "N",
            description = "Compares the last N runs of each series with as many before them, in place of two commits.")
    private Integer last;

    @Option(names = "--markdown", description = "Writes the table as Markdown.")
    private boolean markdown;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Comparison comparison = Comparison.of(select(iterations()));
        return new CompareResults(
                        spec.commandLine().getOut(),
                        markdown ? CompareResults.Format.MARKDOWN : CompareResults.Format.TEXT)
                .print(comparison);
    }

    /** Where the iterations come from that are compared. */
    private List<Iteration> iterations() throws IOException {
        return results.read();
    }

    private Selection select(List<Iteration> iterations) {
        if (last != null && base == null) {
            return Selection.ofLastRuns(iterations, last);
        }
        if (last == null && candidate != null) {
            return Selection.ofCommits(iterations, base, candidate);
        }
        throw new IllegalArgumentException("Name two commits, BASE and CANDIDATE, or a number of runs with --last.");
    }
}
