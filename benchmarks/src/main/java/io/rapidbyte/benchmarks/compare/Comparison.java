// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.compare;

import io.rapidbyte.benchmarks.compare.Finding.Reason;
import io.rapidbyte.benchmarks.compare.Finding.Verdict;
import io.rapidbyte.benchmarks.result.Environment;
import io.rapidbyte.benchmarks.result.Iteration;
import io.rapidbyte.benchmarks.result.Phases;
import io.rapidbyte.benchmarks.result.Series;
import io.rapidbyte.benchmarks.result.Statistics;
import io.rapidbyte.benchmarks.result.Statistics.Ratio;
import io.rapidbyte.benchmarks.result.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Whether a candidate is slower than its baseline, series by series: throughput, the phases that matter, and loading modules.
 *
 * <p>A change counts when its median is beyond the limit of its {@link Quantity} and noise does not explain it. Noise is what the
 * iterations of both groups tell of it: the Mann-Whitney test has to be significant and the bootstrap interval of the ratio must not hold
 * one. A difference of groups that are too small for the test to be significant at all is neither a regression nor none.
 */
public final class Comparison {
    /**
     * Of the test. A comparison makes some ten tests a series, most of phases, and each would by chance find what is not there this often
     * if its median also passed the limit; the smallest groups that can reach it are 5 against 5, or 4 against 6.
     */
    private static final double SIGNIFICANCE = 0.01;

    /** A phase below this share of the wall time, in both groups, is left out. */
    private static final double LEAST_SHARE = 0.02;

    /** Loading below this, in seconds, is not measured well enough to speak of a multiple. */
    private static final double LEAST_LOAD = 0.001;

    private final Selection selection;
    private final List<Finding> findings = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();

    private Comparison(Selection selection) {
        this.selection = selection;
    }

    /** Compares two groups of iterations. */
    public static Comparison of(Selection selection) {
        Comparison comparison = new Comparison(selection);
        comparison.compareEnvironments();
        Map<Series.Key, Series> baseline = byKey(selection.baseline());
        Map<Series.Key, Series> candidate = byKey(selection.candidate());
        Set<Series.Key> keys = new LinkedHashSet<>(baseline.keySet());
        keys.addAll(candidate.keySet());
        for (Series.Key key : keys) {
            if (!baseline.containsKey(key) || !candidate.containsKey(key)) {
                comparison.warnings.add(key + " was measured only in "
                        + (baseline.containsKey(key) ? selection.baselineName() : selection.candidateName())
                        + " and is not compared.");
                continue;
            }
            comparison.compare(baseline.get(key), candidate.get(key));
        }
        return comparison;
    }

    /** What was compared. */
    public Selection selection() {
        return selection;
    }

    /** All findings: series by series, throughput first. */
    public List<Finding> findings() {
        return List.copyOf(findings);
    }

    /** The findings with a verdict. */
    public List<Finding> findings(Verdict verdict) {
        return findings.stream().filter(finding -> finding.verdict() == verdict).toList();
    }

    /** Sentences on what makes the comparison less than fair. */
    public List<String> warnings() {
        return List.copyOf(warnings);
    }

    /** Whether there is a regression. */
    public boolean isRegression() {
        return !findings(Verdict.REGRESSION).isEmpty();
    }

    /** All findings as a table, a row for each. */
    public Table table() {
        Table table = new Table(
                3,
                "series",
                "what",
                "verdict",
                selection.baselineName(),
                selection.candidateName(),
                "change",
                String.format(Locale.ROOT, "%.0f %% interval", 100 * Statistics.CONFIDENCE),
                "p");
        for (Finding finding : findings) {
            table.add(
                    finding.series().toString(),
                    finding.title(),
                    finding.verdict() == Verdict.REGRESSION
                            ? finding.verdict().name()
                            : finding.verdict().name().toLowerCase(Locale.ROOT),
                    finding.baselineText(),
                    finding.candidateText(),
                    finding.change(),
                    finding.interval(),
                    finding.pValue() < 0.001 ? "< 0.001" : String.format(Locale.ROOT, "%.3f", finding.pValue()));
        }
        return table;
    }

    private static Map<Series.Key, Series> byKey(List<Iteration> iterations) {
        Map<Series.Key, Series> byKey = new LinkedHashMap<>();
        Series.of(iterations).forEach(series -> byKey.put(series.key(), series));
        return byKey;
    }

    private void compareEnvironments() {
        Map<String, Function<Environment, Object>> members = new TreeMap<>(Map.of(
                "cpu", Environment::cpu,
                "cores", Environment::cores,
                "jdk", Environment::jdk,
                "postgres", Environment::postgres));
        members.forEach((name, member) -> {
            SortedSet<String> before = values(selection.baseline(), member);
            SortedSet<String> after = values(selection.candidate(), member);
            if (!before.equals(after)) {
                warnings.add("The environments differ, so that not only the code does: " + name + " is "
                        + String.join(" and ", before) + " in " + selection.baselineName() + " and "
                        + String.join(" and ", after) + " in " + selection.candidateName() + ".");
            }
        });
    }

    private static SortedSet<String> values(List<Iteration> iterations, Function<Environment, Object> member) {
        return iterations.stream()
                .map(Iteration::environment)
                .map(member)
                .map(String::valueOf)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private void compare(Series baseline, Series candidate) {
        judge(
                baseline.key(),
                Quantity.THROUGHPUT,
                "throughput",
                baseline.values(Iteration::rowsPerSecond),
                candidate.values(Iteration::rowsPerSecond));
        if (load(baseline) >= LEAST_LOAD || load(candidate) >= LEAST_LOAD) {
            judge(
                    baseline.key(),
                    Quantity.MODULE_LOAD,
                    Phases.MODULE_LOAD,
                    baseline.phase(Phases.MODULE_LOAD),
                    candidate.phase(Phases.MODULE_LOAD));
        }
        SortedSet<String> phases = baseline.phases();
        phases.addAll(candidate.phases());
        for (String phase : phases) {
            boolean matters = share(baseline, phase) >= LEAST_SHARE || share(candidate, phase) >= LEAST_SHARE;
            if (matters && Phases.isWork(phase) && !phase.equals(Phases.MODULE_LOAD)) {
                judge(baseline.key(), Quantity.PHASE, phase, baseline.phase(phase), candidate.phase(phase));
            }
        }
    }

    private static double load(Series series) {
        return Statistics.median(series.phase(Phases.MODULE_LOAD));
    }

    private static double share(Series series, String phase) {
        return Statistics.median(series.phase(phase)) / series.seconds().median();
    }

    private void judge(Series.Key key, Quantity quantity, String phase, double[] baseline, double[] candidate) {
        Ratio ratio = Statistics.medianRatio(baseline, candidate);
        double pValue = Statistics.pValue(baseline, candidate);
        boolean changed = quantity.isWorse(ratio) || quantity.isBetter(ratio);
        Reason reason;
        if (Statistics.leastPValue(baseline.length, candidate.length) > SIGNIFICANCE) {
            reason = Reason.TOO_FEW_ITERATIONS;
        } else if (changed && pValue <= SIGNIFICANCE && ratio.excludesOne()) {
            reason = Reason.BEYOND_LIMIT;
        } else if (changed) {
            reason = Reason.LARGE_BUT_NOISY;
        } else {
            reason = quantity.isSurelyWithin(ratio) ? Reason.WITHIN_LIMITS : Reason.INTERVAL_TOO_WIDE;
        }
        Verdict verdict = switch (reason) {
            case BEYOND_LIMIT -> quantity.isWorse(ratio) ? Verdict.REGRESSION : Verdict.IMPROVEMENT;
            case WITHIN_LIMITS -> Verdict.SAME;
            case LARGE_BUT_NOISY, INTERVAL_TOO_WIDE, TOO_FEW_ITERATIONS -> Verdict.UNCLEAR;
        };
        findings.add(new Finding(
                verdict,
                key,
                quantity,
                phase,
                Statistics.median(baseline),
                Statistics.median(candidate),
                ratio,
                pValue,
                reason,
                baseline.length,
                candidate.length));
    }
}
