// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.hamcrest.Matchers.not;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** What each command says of itself, word for word as it is kept beside this test. */
class HelpTest {
    /** Set to true, it has the kept texts written anew. */
    private static final String REGENERATE = "rapidbyte.help.regenerate";

    private static final Path KEPT = Path.of("src", "test", "resources", "io", "rapidbyte", "pipelines", "cli", "help");
    private static final int WIDTH = 80;

    /** The arguments that lead to each command, the first to the top. */
    static List<List<String>> commands() {
        List<List<String>> paths = new ArrayList<>();
        collect(commandLine(), List.of(), paths);
        return paths;
    }

    private static void collect(CommandLine command, List<String> path, List<List<String>> paths) {
        paths.add(path);
        command.getSubcommands()
                .forEach((name, each) -> collect(
                        each, Stream.concat(path.stream(), Stream.of(name)).toList(), paths));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void theHelpIsWhatIsKept(List<String> command) throws IOException {
        String help = help(command);
        String name = command.isEmpty() ? "rapidbyte.txt" : String.join("-", command) + ".txt";
        if (Boolean.getBoolean(REGENERATE)) {
            Files.createDirectories(KEPT);
            Files.writeString(KEPT.resolve(name), help);
        }

        assertThat(
                "The help of '" + String.join(" ", command) + "' changed. If it is meant to, write it anew with\n"
                        + "./mvnw test -pl pipelines -am -Dtest=HelpTest -Dsurefire.failIfNoSpecifiedTests=false -D"
                        + REGENERATE + "=true\nand read the difference.",
                help,
                is(kept(name)));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void itFitsAPageAndDrivesNoTerminal(List<String> command) {
        String help = help(command);

        assertThat(help.lines().map(String::length).toList(), everyItem(is(lessThanOrEqualTo(WIDTH))));
        assertThat(help, not(containsString("\u001b")));
        for (ExitCode code : ExitCode.values()) {
            assertThat(help, containsString(code.meaning()));
        }
        assertThat(help, containsString("Read on:"));
    }

    /** Whatever a reader copies is a command line that is understood. */
    @Test
    void theExamplesAreUnderstood() {
        List<String> examples = commands().stream()
                .flatMap(command -> help(command).lines())
                .filter(line -> line.startsWith("  ") && line.contains("./rapidbyte "))
                .toList();

        assertThat(examples.size(), is(greaterThan(15)));
        for (String example : examples) {
            String arguments = example.substring(example.indexOf("./rapidbyte ") + "./rapidbyte ".length())
                    .replaceAll("  .*|[>)].*", "");
            commandLine().parseArgs(arguments.strip().split(" "));
        }
    }

    @Test
    void onATerminalHeadingsAreBoldUnlessColoursAreNotWanted() {
        assertThat(styled(Map.of()), containsString("\u001b[1m"));
        assertThat(styled(Map.of("NO_COLOR", "1")), not(containsString("\u001b")));
    }

    private static String styled(Map<String, String> environment) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8)) {
            new Rapidbyte(new Console(stream, stream, WIDTH, true), environment::get).run("--help");
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    private static String help(List<String> command) {
        CommandLineRun run = CommandLineRun.of(
                Map.of(), Stream.concat(command.stream(), Stream.of("--help")).toArray(String[]::new));
        assertThat(run.err(), run.code(), is(0));
        return run.out();
    }

    private static String kept(String name) {
        try (InputStream in = Files.newInputStream(KEPT.resolve(name))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("There is no text of the help in " + KEPT.resolve(name), e);
        }
    }

    private static CommandLine commandLine() {
        PrintStream nowhere = new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8);
        return new Rapidbyte(new Console(nowhere, nowhere, 0), name -> null).commandLine();
    }
}
