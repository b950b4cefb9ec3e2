// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line: finds the command, runs it, and turns its failure into a sentence and an exit code. */
@Command(
        name = "rapidbyte",
        description = {
            "Moves tables between databases, through sandboxed WebAssembly connectors on Apache Beam. What is moved is"
                    + " said in a pipeline file, in YAML.",
            "",
            "@|bold First steps:|@",
            "  ./rapidbyte quickstart        see a whole copy in a minute; it needs nothing",
            "  ./rapidbyte discover my.yaml  see what the source of your own file can read",
            "  ./rapidbyte check my.yaml     see what keeps it from running, all at once",
            "  ./rapidbyte run my.yaml       run it",
            "",
            "The quick start leaves the pipeline file that it ran to be changed into your own;"
                    + " pipelines/examples has one with every setting explained."
        },
        footer = {
            "Each command explains itself: ./rapidbyte run --help",
            "",
            "Read on: README.md, and docs/commands.md for what programs can rely on."
        },
        footerHeading = "%n",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
public final class Rapidbyte {
    private static final String JSON = "--json";

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
        // In the order in which they are needed.
        this.commandLine = new CommandLine(this)
                .addSubcommand(new QuickstartCommand(context))
                .addSubcommand(new CheckCommand(context))
                .addSubcommand(new RunCommand(context))
                .addSubcommand(new DiscoverCommand(context))
                .addSubcommand(StateCommand.of(context))
                .addSubcommand(new TeardownCommand(context))
                .addSubcommand(new CommandLine(new ConnectorsCommand())
                        .addSubcommand(new ConnectorsListCommand(context))
                        .addSubcommand(new ConnectorsInspectCommand(context)))
                .addSubcommand(new ScaffoldCommand(context))
                .addSubcommand(new ConformanceCommand(context))
                .addSubcommand(new SchemaCommand(context))
                .addSubcommand(new CompletionCommand(context))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setOut(new java.io.PrintWriter(console.out(), true))
                .setErr(new java.io.PrintWriter(console.err(), true))
                .setParameterExceptionHandler(this::misused)
                .setExecutionStrategy(this::execute);
        HelpLayout.apply(commandLine, console.isStyled() && !isSet(environment.apply("NO_COLOR")));
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

    /** The commands, for tests of what they say of themselves. */
    CommandLine commandLine() {
        return commandLine;
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
            // Those that only have commands below them.
            CommandLine group = command.commandSpec().commandLine();
            if (parsed.originalArgs().contains(JSON)) {
                return misused(
                        new ParameterException(group, "Missing required command."),
                        parsed.originalArgs().toArray(String[]::new));
            }
            group.usage(console.err());
            return ExitCode.USAGE.code();
        }
        Logging.configure(wanted.output().verbosity(), console.err());
        return execute(wanted, wanted.output());
    }

    private int execute(Callable<ExitCode> command, OutputOptions output) {
        try {
            return command.call().code();
        } catch (ParameterException e) {
            return fail(misuse(e), output.json());
        } catch (Exception | LinkageError | OutOfMemoryError | StackOverflowError e) {
            if (output.verbosity() == Verbosity.DEBUG) {
                // CHECKSTYLE:OFF asked for with -vv
                e.printStackTrace(console.err());
                // CHECKSTYLE:ON
            }
            return fail(Failure.of(e), output.json());
        }
    }

    private int fail(Failure failure, boolean json) {
        failure.sentences().forEach(console.err()::println);
        if (json) {
            console.out().println(JsonOutput.text(failure.json()));
        }
        return failure.code().code();
    }

    private int misused(ParameterException e, String[] arguments) {
        // What was understood of the options is not known, and a program that asked for JSON reads nothing else.
        boolean json = List.of(arguments).contains(JSON);
        return fail(misuse(e), json);
    }

    /** What is wrong with the command line, and what may have been meant. */
    private static Failure misuse(ParameterException e) {
        List<String> sentences = new ArrayList<>();
        sentences.add(e.getMessage().strip());
        List<String> meant =
                e instanceof UnmatchedArgumentException unmatched ? unmatched.getSuggestions() : List.<String>of();
        if (meant.isEmpty()) {
            sentences.add("See " + e.getCommandLine().getCommandSpec().qualifiedName() + " --help.");
        } else {
            sentences.add("Did you mean " + String.join(" or ", meant) + "?");
        }
        return Failure.misused(sentences);
    }

    private static boolean isSet(String value) {
        return value != null && !value.isEmpty();
    }
}
