// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import io.rapidbyte.benchmarks.contender.Contenders;
import io.rapidbyte.benchmarks.result.Iteration;
import io.rapidbyte.benchmarks.run.Machine;
import io.rapidbyte.benchmarks.scenario.Scenarios;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures scenarios. */
@Command(name = "run", mixinStandardHelpOptions = true, description = "Measures the contenders of scenarios in turn.")
final class RunCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "SCENARIO",
            arity = "0..*",
            description = "Names of scenarios, or YAML files; default peers. --list names them.")
    private List<String> scenarios = List.of("peers");

    @Option(names = "--list", description = "Names the scenarios and contenders, and ends.")
    private boolean list;

    @Mixin
    private RunOptionsMixin options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (list) {
            Scenarios.names()
                    .forEach(name -> spec.commandLine()
                            .getOut()
                            .printf("%-22s %s%n", name, Scenarios.find(name).description()));
            spec.commandLine().getOut().println();
            Contenders.all()
                    .forEach(contender -> spec.commandLine()
                            .getOut()
                            .printf("%-26s %s%n", contender.name(), contender.description()));
            spec.commandLine().getOut().flush();
            return 0;
        }
        List<Iteration> iterations = new ArrayList<>();
        for (String name : scenarios) {
            iterations.addAll(options.measure(options.scenario(name), List.of(Machine.ownBuild())));
        }
        new SeriesTable(iterations).print(spec.commandLine().getOut());
        return 0;
    }
}
