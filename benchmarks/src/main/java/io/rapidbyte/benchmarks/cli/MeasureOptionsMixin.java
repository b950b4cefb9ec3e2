// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import io.rapidbyte.benchmarks.result.Iteration;
import io.rapidbyte.benchmarks.result.ResultsFile;
import io.rapidbyte.benchmarks.run.RunListener;
import io.rapidbyte.benchmarks.run.ScenarioRun;
import io.rapidbyte.benchmarks.run.ScenarioRun.WrongCopyException;
import io.rapidbyte.benchmarks.scenario.Scenario;
import io.rapidbyte.benchmarks.scenario.Scenarios;
import io.rapidbyte.benchmarks.worker.Build;
import java.io.IOException;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What every command that measures understands; where its results go is the command's own option. */
class MeasureOptionsMixin {
    @Option(
            names = "--rows",
            split = ",",
            paramLabel = "N",
            description = "Rows of the table, in place of the scenario's; several make several tables.")
    private List<Long> rows;

    @Option(
            names = "--iterations",
            paramLabel = "N",
            description = "Iterations that count, in place of the scenario's.")
    private Integer iterations;

    @Option(
            names = "--warmup",
            paramLabel = "N",
            description = "Copies before the first that counts, in place of the scenario's.")
    private Integer warmup;

    @Option(
            names = "--only",
            split = ",",
            paramLabel = "CONTENDER",
            description = "Only these of the scenario's contenders.")
    private List<String> only;

    @Option(
            names = "--jvm",
            split = " ",
            paramLabel = "ARGUMENT",
            description = "More arguments for the JVMs of the contenders.")
    private List<String> jvm;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    Scenario scenario(String nameOrFile) {
        Scenario scenario = Scenarios.find(nameOrFile).with(rows, warmup, iterations);
        return only == null ? scenario : scenario.among(only);
    }

    /** Whether any of these options was given. */
    boolean given() {
        return Stream.of(rows, iterations, warmup, only, jvm).anyMatch(Objects::nonNull);
    }

    /** Whether the contenders were named. */
    boolean namesContenders() {
        return only != null;
    }

    /**
     * Measures.
     *
     * @param builds whose code copies
     * @param results where every iteration goes
     * @param jvmArguments more arguments for the contenders' JVMs than the user gave
     * @param listener is told what happens
     */
    List<Iteration> measure(
            Scenario scenario, List<Build> builds, ResultsFile results, List<String> jvmArguments, RunListener listener)
            throws IOException, SQLException, InterruptedException, WrongCopyException {
        List<String> all = new ArrayList<>(jvmArguments);
        if (jvm != null) {
            all.addAll(jvm);
        }
        listener.progress(scenario.name() + ": " + scenario.description());
        return new ScenarioRun(scenario, builds, results, listener, all).measure();
    }

    RunListener printer() {
        PrintWriter err = spec.commandLine().getErr();
        return line -> {
            err.println(line);
            err.flush();
        };
    }
}
