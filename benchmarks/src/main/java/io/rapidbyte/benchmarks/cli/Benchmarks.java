// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import io.rapidbyte.benchmarks.run.ScenarioRun.WrongCopyException;
import java.io.IOException;
import java.sql.SQLException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The harness. Exit codes: 0 done, 1 a copy was wrong, a contender failed or a comparison found a regression, 2 wrong usage. */
@Command(
        name = "benchmarks",
        mixinStandardHelpOptions = true,
        description = "Measures Rapidbyte and its peers, compares commits, and shows where the time goes.",
        subcommands = {
            RunCommand.class,
            MatrixCommand.class,
            CompareCommand.class,
            ReportCommand.class,
            ProfileCommand.class,
            PartsCommand.class
        })
public final class Benchmarks {
    private static final int FAILED = 1;

    private Benchmarks() {}

    /** Runs a command and ends the process with its exit code. */
    public static void main(String[] arguments) {
        // CHECKSTYLE:OFF a main method is where a process ends
        System.exit(commandLine().execute(arguments));
        // CHECKSTYLE:ON
    }

    static CommandLine commandLine() {
        CommandLine commands = new CommandLine(new Benchmarks());
        commands.setExecutionExceptionHandler((failure, command, parsed) -> {
            if (failure instanceof IllegalArgumentException) {
                command.getErr().println(failure.getMessage());
                return command.getCommandSpec().exitCodeOnInvalidInput();
            }
            if (failure instanceof WrongCopyException
                    || failure instanceof IOException
                    || failure instanceof SQLException) {
                command.getErr().println(failure.getMessage());
                return FAILED;
            }
            throw failure;
        });
        return commands;
    }
}
