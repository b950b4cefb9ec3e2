// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.compare;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.benchmarks.result.Environment;
import io.rapidbyte.benchmarks.result.Iteration;
import io.rapidbyte.benchmarks.result.SyntheticResults;
import java.util.List;
import org.junit.jupiter.api.Test;

class SelectionTest {
    private static final String ONE = "abc1" + "0".repeat(36);
    private static final String OTHER = "abc2" + "0".repeat(36);

    private final SyntheticResults results = new SyntheticResults();

    @Test
    void aCommitIsFoundByTheBeginningOfItsName() {
        results.commit(ONE).add("peers", 1000, 2, 1, "rapidbyte");
        results.commit(OTHER).add("peers", 1000, 3, 1, "rapidbyte");

        Selection selection = Selection.ofCommits(results.iterations(), "abc2", "abc1");

        assertThat(selection.baseline().size(), is(3));
        assertThat(selection.candidate().size(), is(2));
        assertThat(selection.candidateName(), is("abc1000000"));
    }

    @Test
    void aChangedTreeIsAVersionOfItsOwn() {
        results.commit(ONE).add("peers", 1000, 2, 1, "rapidbyte");
        Environment clean = results.environment();
        results.environment(new Environment(
                        ONE,
                        "main",
                        true,
                        clean.jdk(),
                        clean.cpu(),
                        clean.cores(),
                        clean.memoryBytes(),
                        clean.os(),
                        clean.postgres(),
                        clean.runner()))
                .add("peers", 1000, 3, 1, "rapidbyte");

        Selection selection = Selection.ofCommits(results.iterations(), "abc1", "abc1-dirty");

        assertThat(selection.baseline().size(), is(2));
        assertThat(selection.candidate().size(), is(3));
    }

    @Test
    void aNameThatStandsForNoneOrSeveralIsToldWithWhatThereIs() {
        results.commit(ONE).add("peers", 1000, 1, 1, "rapidbyte");
        results.commit(OTHER).add("peers", 1000, 1, 1, "rapidbyte");

        assertThat(
                refusal("abc", "abc1"),
                is("The results have several versions of 'abc'; there are abc1000000, abc2000000."));
        assertThat(refusal("abc1", "f00"), containsString("no iterations of 'f00'"));
        assertThat(refusal("abc1", "abc10"), allOf(containsString("abc1000000"), containsString("--last")));
    }

    @Test
    void theLastRunsAreComparedWithAsManyBefore() {
        for (int run = 1; run <= 5; run++) {
            results.run("run " + run).add("peers", 1000, 1, 1, "rapidbyte");
        }
        results.run("run 9").add("other", 1000, 1, 1, "rapidbyte");

        Selection selection = Selection.ofLastRuns(results.iterations(), 2);

        assertThat(runs(selection.baseline()), contains("run 2", "run 3"));
        assertThat(runs(selection.candidate()), contains("run 4", "run 5"));
    }

    @Test
    void aSingleRunHasNothingBefore() {
        results.add("peers", 1000, 5, 1, "rapidbyte");

        String message = assertThrows(
                        IllegalArgumentException.class, () -> Selection.ofLastRuns(results.iterations(), 1))
                .getMessage();

        assertThat(message, containsString("measure once more"));
    }

    private String refusal(String base, String candidate) {
        return assertThrows(
                        IllegalArgumentException.class,
                        () -> Selection.ofCommits(results.iterations(), base, candidate))
                .getMessage();
    }

    private static List<String> runs(List<Iteration> iterations) {
        return iterations.stream().map(Iteration::run).toList();
    }
}
