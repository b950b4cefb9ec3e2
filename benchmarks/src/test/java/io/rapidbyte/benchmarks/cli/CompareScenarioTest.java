// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.rapidbyte.benchmarks.run.Machine;
import io.rapidbyte.benchmarks.worker.Build;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code compare --scenario} says before it builds anything. */
class CompareScenarioTest {
    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void twoCommitsHaveToBeNamed() {
        assertThat(run("compare", "--scenario", "smoke", "."), is(2));
        assertThat(err.toString(), containsString("name BASE and CANDIDATE"));
        assertThat(run("compare", "--scenario", "smoke", "HEAD", ".", "--last", "1"), is(2));
    }

    @Test
    void oneVersionIsNotComparedWithItself() {
        assumeTrue(isRepository(), "this is no clone of the repository");

        assertThat(run("compare", ".", "WORKTREE", "--scenario", "smoke"), is(2));
        assertThat(
                err.toString(),
                allOf(
                        containsString("Both '.' and 'WORKTREE' are the version "),
                        containsString("name two that differ")));
    }

    @Test
    void aCommitThatIsNoneIsNamed() {
        assumeTrue(isRepository(), "this is no clone of the repository");

        assertThat(run("compare", "no-such-commit", ".", "--scenario", "smoke"), is(1));
        assertThat(err.toString(), containsString("There is no commit 'no-such-commit'"));
    }

    @Test
    void peersAreNotMeasuredUnlessTheyAreNamed() throws IOException {
        Path scenario = Files.writeString(folder.resolve("peers-only.yaml"), """
                name: peers-only
                description: No contender of ours.
                rows: 10
                contenders:
                  - contender: jdbcio
                """);

        assertThat(run("compare", "HEAD", ".", "--scenario", scenario.toString()), is(2));
        assertThat(err.toString(), containsString("has no contender of Rapidbyte's own"));
    }

    @Test
    void optionsForMeasuringNeedAScenario() {
        assertThat(run("compare", "HEAD", ".", "--rows", "10"), is(2));
        assertThat(err.toString(), containsString("name what to measure with --scenario"));
    }

    @Test
    void resultsAreAddedToOneFile() {
        assertThat(
                run("compare", "HEAD", ".", "--scenario", "smoke", "--results", "a.jsonl", "--results", "b.jsonl"),
                is(2));
        assertThat(err.toString(), containsString("--results names a.jsonl and b.jsonl"));
    }

    @Test
    void aBuildWithoutTheHarnessIsRecognised() throws IOException {
        assertThat(CommitMeasurement.hasWorker(List.of(folder, folder.resolve("missing.jar"))), is(false));
        assertThat(CommitMeasurement.hasWorker(Build.ownClassPath()), is(true));
    }

    @Test
    void theHelpTellsHowToMeasure() {
        assertThat(run("compare", "--help"), is(0));
        assertThat(
                out.toString(),
                allOf(containsString("--scenario=SCENARIO"), containsString("--rows="), containsString("--jvm=")));
    }

    private static boolean isRepository() {
        return !Machine.ownBuild().commit().equals("unknown");
    }

    private int run(String... arguments) {
        return Benchmarks.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }
}
