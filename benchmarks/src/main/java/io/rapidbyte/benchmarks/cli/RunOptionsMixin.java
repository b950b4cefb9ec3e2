// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import io.rapidbyte.benchmarks.result.Iteration;
import io.rapidbyte.benchmarks.result.ResultsFile;
import io.rapidbyte.benchmarks.run.RunListener;
import io.rapidbyte.benchmarks.run.ScenarioRun.WrongCopyException;
import io.rapidbyte.benchmarks.scenario.Scenario;
import io.rapidbyte.benchmarks.worker.Build;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import picocli.CommandLine.Option;

/** What every command understands that measures and does not read results. */
final class RunOptionsMixin extends MeasureOptionsMixin {
    @Option(
            names = "--results",
            paramLabel = "FILE",
            defaultValue = "benchmarks/results/results.jsonl",
            description = "Where every iteration adds a line; default ${DEFAULT-VALUE} in the source tree.")
    private Path results;

    List<Iteration> measure(Scenario scenario, List<Build> builds)
            throws IOException, SQLException, InterruptedException, WrongCopyException {
        return measure(scenario, builds, List.of(), printer());
    }

    /** Measures with a listener of the command's own, and more arguments for the contenders' JVMs. */
    List<Iteration> measure(Scenario scenario, List<Build> builds, List<String> jvmArguments, RunListener listener)
            throws IOException, SQLException, InterruptedException, WrongCopyException {
        return measure(scenario, builds, new ResultsFile(ResultsMixin.inTree(results)), jvmArguments, listener);
    }
}
