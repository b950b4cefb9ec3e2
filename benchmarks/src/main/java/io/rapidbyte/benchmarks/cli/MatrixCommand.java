// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import io.rapidbyte.benchmarks.run.Machine;
import io.rapidbyte.benchmarks.scenario.Scenario;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures what each setting does. */
@Command(
        name = "matrix",
        mixinStandardHelpOptions = true,
        description = "Varies one setting after the other, each beside the default.")
final class MatrixCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "DIMENSION",
            arity = "0..*",
            description = "Which settings to vary; all of the scenario's when none is named.")
    private List<String> dimensions = List.of();

    @Option(
            names = "--scenario",
            paramLabel = "SCENARIO",
            defaultValue = "matrix",
            description = "A scenario that varies settings; default ${DEFAULT-VALUE}.")
    private String name;

    @Mixin
    private RunOptionsMixin options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Scenario scenario = options.scenario(name);
        if (!dimensions.isEmpty()) {
            scenario = scenario.varying(dimensions);
        }
        new SeriesTable(options.measure(scenario, List.of(Machine.ownBuild())))
                .print(spec.commandLine().getOut());
        return 0;
    }
}
