// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.compare;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import io.rapidbyte.benchmarks.compare.Finding.Verdict;
import io.rapidbyte.benchmarks.result.Environment;
import io.rapidbyte.benchmarks.result.SyntheticResults;
import io.rapidbyte.benchmarks.result.SyntheticResults.Turn;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ComparisonTest {
    private static final String BEFORE = "a".repeat(40);
    private static final String AFTER = "b".repeat(40);
    private static final long ROWS = 1_000_000;

    private static final Map<String, Double> PHASES =
            Map.of("source_decode", 0.5, "dest_flush", 0.3, "claim", 0.001, "module_load", 0.01, "dest_recv_wait", 0.2);

    private final SyntheticResults results = new SyntheticResults().phases(PHASES);

    @Test
    void aCommitThatIsTenPercentSlowerIsARegression() {
        measure(BEFORE, 8, 2.0);
        measure(AFTER, 8, 2.2);

        Comparison comparison = compare();

        assertThat(comparison.isRegression(), is(true));
        assertThat(
                sentences(comparison, Verdict.REGRESSION),
                contains(allOf(
                        containsString("peers / rapidbyte (small, 1,000,000 rows, steady): throughput went from "),
                        containsString("(-9."),
                        containsString("95 % interval"),
                        containsString("8 against 8 iterations"))));
        assertThat(comparison.table().markdown(), containsString("| throughput | REGRESSION |"));
    }

    @Test
    void aCommitThatIsFasterIsAnImprovement() {
        measure(BEFORE, 5, 2.0);
        measure(AFTER, 5, 1.5);

        Comparison comparison = compare();

        assertThat(comparison.isRegression(), is(false));
        assertThat(sentences(comparison, Verdict.IMPROVEMENT), hasItem(containsString("throughput went from")));
    }

    @Test
    void theSameCodeMeasuredTwiceIsTheSame() {
        measure(BEFORE, 8, 2.0);
        measure(AFTER, 8, 2.0);

        Comparison comparison = compare();

        assertThat(comparison.findings(Verdict.SAME), is(comparison.findings()));
        assertThat(comparison.table().text(), not(containsString("REGRESSION")));
        assertThat(comparison.warnings(), is(empty()));
    }

    @Test
    void noiseIsNotCalledARegression() {
        int regressions = 0;
        results.noise(0.5);
        for (int attempt = 0; attempt < 60; attempt++) {
            SyntheticResults noisy = results.run("attempt " + attempt);
            String before = "a" + attempt + "-";
            String after = "b" + attempt + "-";
            noisy.commit(before).add("peers", ROWS, 5, 2.0, "rapidbyte");
            noisy.commit(after).add("peers", ROWS, 5, 2.0, "rapidbyte");
            Comparison comparison = Comparison.of(Selection.ofCommits(noisy.iterations(), before, after));
            regressions += comparison.findings(Verdict.REGRESSION).size();
        }

        // Some 240 tests of a difference that is none, each wrong at most once in a hundred times, and half of those
        // the other way.
        assertThat("regressions found in noise: " + regressions, regressions <= 2, is(true));
    }

    @Test
    void aDifferenceWithinTheNoiseIsUnclear() {
        results.noise(0.6);
        measure(BEFORE, 5, 2.0);
        measure(AFTER, 5, 2.2);

        Comparison comparison = compare();

        assertThat(comparison.isRegression(), is(false));
        assertThat(sentences(comparison, Verdict.UNCLEAR), hasItem(containsString("noise")));
    }

    @Test
    void tooFewIterationsTellNothingHoweverMuchTheyDiffer() {
        measure(BEFORE, 3, 2.0);
        measure(AFTER, 3, 4.0);

        Comparison comparison = compare();

        assertThat(comparison.isRegression(), is(false));
        assertThat(
                sentences(comparison, Verdict.UNCLEAR),
                hasItem(allOf(
                        containsString("not enough iterations to tell whether throughput changed"),
                        containsString("3 against 3"))));
    }

    @Test
    void aPhaseThatMattersIsHeldToTwentyPercent() {
        measure(BEFORE, 8, 2.0);
        results.phases(Map.of(
                "source_decode", 0.65, "dest_flush", 0.33, "claim", 0.01, "module_load", 0.015, "dest_recv_wait", 0.9));
        measure(AFTER, 8, 2.0);

        Comparison comparison = compare();

        assertThat(
                sentences(comparison, Verdict.REGRESSION),
                contains(containsString("reading: decode rows went from 1.0")));
    }

    @Test
    void loadingModulesMayDoubleAndNoMore() {
        measure(BEFORE, 8, 2.0);
        results.phases(Map.of("source_decode", 0.5, "dest_flush", 0.3, "module_load", 0.025));
        measure(AFTER, 8, 2.0);

        assertThat(
                sentences(compare(), Verdict.REGRESSION), contains(containsString("loading modules went from 0.02")));
    }

    @Test
    void anotherMachineIsWarnedOf() {
        measure(BEFORE, 5, 2.0);
        Environment here = results.environment();
        results.environment(new Environment(
                AFTER,
                here.branch(),
                false,
                "25.0.1",
                here.cpu(),
                16,
                here.memoryBytes(),
                here.os(),
                here.postgres(),
                here.runner()));
        results.add("peers", ROWS, 5, 2.0, "rapidbyte");

        assertThat(
                compare().warnings(),
                contains(containsString("cores is 2 in aaaaaaaaaa and 16 in bbbbbbbbbb"), containsString("jdk is 17")));
    }

    @Test
    void whatOnlyOneSideMeasuredIsNotCompared() {
        measure(BEFORE, 5, 2.0);
        results.add("peers", ROWS, 5, 2.0, "jdbcio");
        measure(AFTER, 5, 2.0);

        assertThat(
                compare().warnings(),
                contains(
                        "peers / jdbcio (small, 1,000,000 rows, steady) was measured only in aaaaaaaaaa and is not compared."));
    }

    @Test
    void tablesOfTwoSizesAreTwoSeries() {
        for (String commit : List.of(BEFORE, AFTER)) {
            results.commit(commit).add("sizes", 1_000, 5, 0.1, "rapidbyte").add("sizes", ROWS, 5, 2.0, "rapidbyte");
        }

        assertThat(
                compare().findings().stream()
                        .map(finding -> finding.series().rows())
                        .distinct()
                        .toList(),
                contains(1_000L, ROWS));
    }

    @Test
    void commitsThatTookTurnsAreComparedWithinThoseRunsOnly() {
        results.run("1 on a slow day");
        measure(BEFORE, 5, 4.0);
        results.run("2 both");
        for (int i = 0; i < 6; i++) {
            results.commit(BEFORE).turns("peers", ROWS, 1, new Turn(2.0, "rapidbyte"));
            results.commit(AFTER).turns("peers", ROWS, 1, new Turn(2.0, "rapidbyte"));
        }

        Comparison comparison = compare();

        assertThat(comparison.selection().baseline().size(), is(6));
        assertThat(comparison.findings(Verdict.IMPROVEMENT), is(empty()));
    }

    private void measure(String commit, int count, double seconds) {
        results.commit(commit).add("peers", ROWS, count, seconds, "rapidbyte");
    }

    private Comparison compare() {
        return Comparison.of(Selection.ofCommits(results.iterations(), "aaa", "bbb"));
    }

    private static List<String> sentences(Comparison comparison, Verdict verdict) {
        return comparison.findings(verdict).stream().map(Finding::sentence).toList();
    }
}
