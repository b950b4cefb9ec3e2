// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import io.rapidbyte.benchmarks.compare.Comparison;
import io.rapidbyte.benchmarks.compare.Selection;
import java.io.IOException;
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
        description = {
            "Tells whether a commit, or the last run, is slower than another.",
            "Compares what the results file has, or with --scenario builds both commits and measures them in turn."
        })
final class CompareCommand implements Callable<Integer> {
    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "BASE",
            description = "The commit to compare with: the beginning of its name; -dirty at the end for a changed tree."
                    + " With --scenario whatever git takes for a commit, or . for the present tree.")
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

    @Option(
            names = "--scenario",
            paramLabel = "SCENARIO",
            description =
                    "Builds BASE and CANDIDATE, measures this scenario with both of them in turn, adds the iterations to"
                            + " the results and compares just these. Of its contenders those of Rapidbyte itself, unless --only"
                            + " names others: peers do not depend on the commit.")
    private String scenario;

    @Mixin
    private MeasureOptionsMixin options;

    @Option(names = "--markdown", description = "Writes the table as Markdown.")
    private boolean markdown;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Comparison comparison = Comparison.of(scenario == null ? fromResults() : measured());
        return new CompareResults(
                        spec.commandLine().getOut(),
                        markdown ? CompareResults.Format.MARKDOWN : CompareResults.Format.TEXT)
                .print(comparison);
    }

    private Selection measured() throws Exception {
        if (candidate == null || last != null) {
            throw new IllegalArgumentException(
                    "--scenario measures two commits: name BASE and CANDIDATE, of which one may be . for the present tree.");
        }
        return new CommitMeasurement(options, results.one()).measure(scenario, base, candidate);
    }

    private Selection fromResults() throws IOException {
        if (options.given()) {
            throw new IllegalArgumentException(
                    "Options for measuring were given and nothing is measured; name what to measure with --scenario.");
        }
        if (last != null && base == null) {
            return Selection.ofLastRuns(results.read(), last);
        }
        if (last == null && candidate != null) {
            return Selection.ofCommits(results.read(), base, candidate);
        }
        throw new IllegalArgumentException("Name two commits, BASE and CANDIDATE, or a number of runs with --last.");
    }
}
