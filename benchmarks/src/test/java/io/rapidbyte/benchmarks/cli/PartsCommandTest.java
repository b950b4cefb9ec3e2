// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class PartsCommandTest {
    private final StringWriter errors = new StringWriter();

    @Test
    void aPatternThatIsFoundNowhereIsAnsweredWithWhatThereIs() {
        assertThat(run("NoSuchPart"), is(CommandLine.ExitCode.USAGE));
        assertThat(
                errors.toString(),
                allOf(
                        startsWith("No benchmark matches NoSuchPart."),
                        containsString("io.rapidbyte.benchmarks.parts.CopyDecodeBenchmark.read"),
                        containsString("io.rapidbyte.benchmarks.parts.CrossingBenchmark.clock\n")));
    }

    @Test
    void aPatternThatIsNoneIsRefused() {
        assertThat(run("Copy("), is(CommandLine.ExitCode.USAGE));
        assertThat(errors.toString(), startsWith("\"Copy(\" is no regular expression"));
    }

    private int run(String... arguments) {
        return new CommandLine(new PartsCommand())
                .setErr(new PrintWriter(errors, true))
                .execute(arguments);
    }
}
