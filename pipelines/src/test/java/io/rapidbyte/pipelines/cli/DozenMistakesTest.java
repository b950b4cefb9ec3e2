// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is wrong with a file is said at once, in the order of the file, whichever part of the program finds it. */
class DozenMistakesTest {
    private static final Path FOLDER = Path.of("src/test/resources/io/rapidbyte/pipelines/cli");
    private static final Path FILE = FOLDER.resolve("dozen-mistakes.yaml");

    @ParameterizedTest
    @ValueSource(strings = {"run", "check", "discover"})
    void allOfThemAreSaidAtOnce(String command) throws IOException {
        CommandLineRun run = CommandLineRun.of(Map.of("DWH_PASSWORD", "s3cret"), command, FILE.toString());

        assertThat(run.code(), is(2));
        assertThat(run.out(), is(""));
        assertThat(
                run.err().replace(FILE.toString(), "dozen-mistakes.yaml"),
                is(Files.readString(FOLDER.resolve("dozen-mistakes.txt"))));
        assertThat(run.err(), not(containsString("s3cret")));
    }
}
