// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The command line: finds the command, runs it, and turns its failure into a sentence and an exit code. */
@Command(
        name = "rapidbyte",
        description = "Moves tables through sandboxed WebAssembly connectors on Apache Beam.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
public final class Rapidbyte {
    private final Console console;
    private final CommandLine commandLine;

    /**
     * Prepares the commands.
     *
     * @param console where they write to
     * @param environment the value of an environment variable, or null when it is not set
     */
    public Rapidbyte(Console console, UnaryOperator<String> environment) {
        this.console = console;
        CommandContext context = new CommandContext(console, environment);
        this.commandLine = new CommandLine(this)
                .addSubcommand(new QuickstartCommand(context))
                .addSubcommand(new RunCommand(context))
                .addSubcommand(new CheckCommand(context))
                .addSubcommand(new DiscoverCommand(context))
                .addSubcommand(new ScaffoldCommand(context))
                .addSubcommand(new ConformanceCommand(context))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setOut(new java.io.PrintWriter(console.out(), true))
                .setErr(new java.io.PrintWriter(console.err(), true))
                .setParameterExceptionHandler(this::misused)
                .setExecutionStrategy(this::execute);
        exitCodes(commandLine);
    }

    /**
     * Runs one command.
     *
     * @return the exit code, see {@link ExitCode}
     */
    public int run(String... arguments) {
        int code = commandLine.execute(arguments);
        console.out().flush();
        console.err().flush();
        return code;
    }

    private int execute(ParseResult parsed) {
        Integer help = CommandLine.executeHelpRequest(parsed);
        if (help != null) {
            return help;
        }
        ParseResult command = parsed;
        while (command.hasSubcommand()) {
            command = command.subcommand();
        }
        Object user = command.commandSpec().userObject();
        if (!(user instanceof RapidbyteCommand wanted)) {
            commandLine.usage(console.err());
            return ExitCode.USAGE.code();
        }
        Logging.configure(wanted.output().verbosity(), console.err());
        return execute(wanted, wanted.output());
    }

    private int execute(Callable<ExitCode> command, OutputOptions output) {
        try {
            return command.call().code();
        } catch (ParameterException e) {
            return misused(e, new String[0]);
        } catch (Exception | LinkageError | OutOfMemoryError | StackOverflowError e) {
            Failure failure = Failure.of(e);
            if (output.verbosity() == Verbosity.DEBUG) {
                // CHECKSTYLE:OFF asked for with -vv
                e.printStackTrace(console.err());
                // CHECKSTYLE:ON
            }
            failure.sentences().forEach(console.err()::println);
            if (output.json()) {
                console.out().println(JsonOutput.text(failure.json()));
            }
            return failure.code().code();
        }
    }

    private int misused(ParameterException e, String[] arguments) {
        CommandLine command = e.getCommandLine();
        console.err().println(e.getMessage().strip());
        if (!CommandLine.UnmatchedArgumentException.printSuggestions(e, command.getErr())) {
            console.err().println("See " + command.getCommandSpec().qualifiedName() + " --help.");
        }
        return ExitCode.USAGE.code();
    }

    private static void exitCodes(CommandLine commandLine) {
        commandLine.getCommandSpec().exitCodeOnInvalidInput(ExitCode.USAGE.code());
        commandLine.getSubcommands().values().forEach(Rapidbyte::exitCodes);
    }
}
