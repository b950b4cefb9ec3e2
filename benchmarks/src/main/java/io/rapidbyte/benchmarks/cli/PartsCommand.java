// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.benchmarks.parts.PartsReport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code parts}: runs the micro benchmarks, each in a process of its own. */
@Command(
        name = "parts",
        mixinStandardHelpOptions = true,
        description = "Measures the parts of a copy one by one: decoding, checking, crossing, encoding, compressing.")
final class PartsCommand implements Callable<Integer> {
    /** What the launcher gives a run, and a heap that is the same on every machine. */
    private static final String[] JVM_ARGUMENTS = {
        "-XX:+UseParallelGC", "-Xms1g", "-Xmx1g", "--add-opens=java.base/java.nio=ALL-UNNAMED"
    };

    private static final String ALL = "io\\.rapidbyte\\.benchmarks\\.parts\\..*";

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "PATTERN",
            arity = "0..*",
            description =
                    "Regular expressions; runs what one of them is found in, for example Crossing or \"Copy.*code\". None: all.")
    private List<String> patterns = new ArrayList<>();

    @Option(
            names = "--quick",
            description =
                    "One short iteration of each, to see that it works. Its figures say little: the JVM is still compiling.")
    private boolean quick;

    @Option(
            names = "--results",
            paramLabel = "FILE",
            description = "Appends the results to this file, one JSON object of JMH's format a line.")
    private Path results;

    @Override
    public Integer call() throws IOException {
        List<String> chosen = chosen();
        PrintWriter out = spec.commandLine().getOut();
        ChainedOptionsBuilder options = new OptionsBuilder()
                .jvmArgs(JVM_ARGUMENTS)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.NORMAL);
        chosen.forEach(name -> options.include("^" + Pattern.quote(name) + "$"));
        if (quick) {
            options.forks(1)
                    .warmupIterations(1)
                    .warmupTime(TimeValue.seconds(1))
                    .measurementIterations(1)
                    .measurementTime(TimeValue.seconds(1));
        }
        Collection<RunResult> measured;
        try {
            measured = new Runner(options.build()).run();
        } catch (RunnerException e) {
            throw new IOException("The micro benchmarks ended early: " + e.getMessage(), e);
        }
        if (results != null) {
            append(measured);
        }
        out.println(PartsReport.markdown(measured));
        out.flush();
        return 0;
    }

    /** The names of the benchmarks that the patterns are found in. */
    private List<String> chosen() {
        List<String> known = BenchmarkList.defaultList()
                .getAll(OutputFormatFactory.createFormatInstance(System.err, VerboseMode.SILENT), List.of())
                .stream()
                .map(BenchmarkListEntry::getUsername)
                .filter(name -> name.matches(ALL))
                .sorted()
                .toList();
        List<Pattern> wanted = new ArrayList<>();
        for (String pattern : patterns) {
            try {
                wanted.add(Pattern.compile(pattern));
            } catch (PatternSyntaxException e) {
                throw new ParameterException(
                        spec.commandLine(),
                        "\"" + pattern + "\" is no regular expression: " + e.getDescription() + ".");
            }
        }
        List<String> chosen = known.stream()
                .filter(name -> wanted.isEmpty()
                        || wanted.stream()
                                .anyMatch(pattern -> pattern.matcher(name).find()))
                .toList();
        if (chosen.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "No benchmark matches " + String.join(" or ", patterns) + ". There are:\n  "
                            + String.join("\n  ", known));
        }
        return chosen;
    }

    private void append(Collection<RunResult> measured) throws IOException {
        ByteArrayOutputStream array = new ByteArrayOutputStream();
        ResultFormatFactory.getInstance(ResultFormatType.JSON, new PrintStream(array, true, StandardCharsets.UTF_8))
                .writeOut(measured);
        ObjectMapper mapper = new ObjectMapper();
        StringBuilder lines = new StringBuilder();
        for (JsonNode result : mapper.readTree(array.toByteArray())) {
            lines.append(mapper.writeValueAsString(result)).append('\n');
        }
        if (results.toAbsolutePath().getParent() != null) {
            Files.createDirectories(results.toAbsolutePath().getParent());
        }
        Files.writeString(results, lines, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
