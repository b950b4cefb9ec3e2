// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.result;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResultsFileTest {
    private static final List<Iteration> ITERATIONS = new SyntheticResults()
            .add("peers", 1_000, 2, 0.5, "jdbcio", "partitions=8")
            .iterations();

    @TempDir
    Path folder;

    @Test
    void whatIsAddedIsRead() throws IOException {
        ResultsFile file = new ResultsFile(folder.resolve("new").resolve("results.jsonl"));

        file.append(ITERATIONS.get(0));
        file.append(ITERATIONS.get(1));

        assertThat(file.read(), is(ITERATIONS));
        assertThat(Files.readAllLines(file.path()), hasSize(2));
        assertThat(
                Files.readAllLines(file.path()).get(0),
                allOf(containsString("\"rows_per_second\":"), containsString("\"measure\":\"steady\"")));
    }

    @Test
    void whatALaterVersionAddsAndEmptyLinesArePassedOver() throws IOException {
        ResultsFile file = file();
        Files.writeString(file.path(), "\n" + Files.readString(file.path()).replace("{\"run\"", "{\"new\":1,\"run\""));

        assertThat(file.read(), is(ITERATIONS.subList(0, 1)));
    }

    @Test
    void aDamagedLineIsNamed() throws IOException {
        ResultsFile file = file();
        String line = Files.readString(file.path());
        Files.writeString(file.path(), line + line.substring(0, line.length() / 2));

        IOException failure = assertThrows(IOException.class, file::read);

        assertThat(
                failure.getMessage(),
                allOf(
                        startsWith(file.path() + ", line 2, is not a result of this harness: "),
                        containsString("Remove the line")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "null", "{\"run\":\"r\",\"scenario\":\"pipe\"}"})
    void aLineWithoutWhatEveryResultHasIsNamed(String line) throws IOException {
        Path file = folder.resolve("results.jsonl");
        Files.writeString(file, "\n" + line + "\n");

        assertThat(
                assertThrows(IOException.class, () -> new ResultsFile(file).read())
                        .getMessage(),
                is(file
                        + ", line 2, is not a result of this harness: it lacks what every result has. Remove the line, or name "
                        + "another file with --results."));
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        ResultsFile file = new ResultsFile(folder.resolve("results.jsonl"));

        assertThat(
                assertThrows(IOException.class, file::read).getMessage(),
                startsWith("There is no results file " + file.path()));
    }

    private ResultsFile file() throws IOException {
        ResultsFile file = new ResultsFile(folder.resolve("results.jsonl"));
        file.append(ITERATIONS.get(0));
        return file;
    }
}
