// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import io.rapidbyte.benchmarks.result.Iteration;
import io.rapidbyte.benchmarks.result.ResultsFile;
import io.rapidbyte.benchmarks.result.SyntheticResults;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands that measure nothing. */
class ResultsCommandsTest {
    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void aRegressionIsAnExitCodeOfItsOwn() throws IOException {
        String results = results(new SyntheticResults()
                .run("run 1")
                .commit("aaa")
                .add("peers", 1000, 8, 2, "rapidbyte")
                .run("run 2")
                .commit("bbb")
                .add("peers", 1000, 8, 3, "rapidbyte"));

        assertThat(run("compare", "--results", results, "aaa", "bbb"), is(1));
        assertThat(
                out.toString(),
                allOf(
                        startsWith("Baseline: aaa (8 iterations). Candidate: bbb (8 iterations)."),
                        containsString("Slower:"),
                        containsString("1 regression.")));
        assertThat(run("compare", "--results", results, "bbb", "aaa", "--markdown"), is(0));
        assertThat(out.toString(), containsString("| throughput | improvement |"));
        assertThat(run("compare", "--results", results, "--last", "1"), is(1));
    }

    @Test
    void whatCannotBeToldIsNoRegressionAndSaysSo() throws IOException {
        String results = results(new SyntheticResults()
                .run("run 1")
                .add("peers", 1000, 2, 2, "rapidbyte")
                .run("run 2")
                .add("peers", 1000, 2, 3, "rapidbyte"));

        assertThat(run("compare", "--results", results, "--last", "1"), is(0));
        assertThat(out.toString(), containsString("No regression found; 1 of 1 comparisons are unclear."));
    }

    @Test
    void whatToCompareHasToBeSaid() throws IOException {
        String results = results(new SyntheticResults().add("peers", 1000, 8, 2, "rapidbyte"));

        assertThat(run("compare", "--results", results), is(2));
        assertThat(err.toString(), containsString("Name two commits"));
    }

    @Test
    void pageAndTablesAreWritten() throws IOException {
        SyntheticResults results =
                new SyntheticResults().add("peers", 1000, 8, 2, "rapidbyte").add("peers", 1000, 8, 1, "psql-binary");
        Path page = folder.resolve("new").resolve("report.html");
        Path document =
                Files.writeString(folder.resolve("performance.md"), "<!-- figures:peers -->\n<!-- /figures -->\n");

        int code = run(
                "report", "--results", results(results), "--out", page.toString(), "--markdown", document.toString());

        assertThat(err.toString(), code, is(0));
        assertThat(Files.readString(page), startsWith("<!DOCTYPE html>"));
        assertThat(Files.readString(document), containsString("| rapidbyte |"));
    }

    @Test
    void aResultsFileThatIsNotThereIsNamed() {
        int code = run("report", "--results", "nowhere.jsonl", "--out", "report.html");

        assertThat(code, is(1));
        assertThat(err.toString(), containsString("nowhere.jsonl. Measure first"));
    }

    private String results(SyntheticResults results) throws IOException {
        ResultsFile file = new ResultsFile(folder.resolve("results.jsonl"));
        for (Iteration iteration : results.iterations()) {
            file.append(iteration);
        }
        return file.path().toString();
    }

    private int run(String... arguments) {
        return Benchmarks.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }
}
