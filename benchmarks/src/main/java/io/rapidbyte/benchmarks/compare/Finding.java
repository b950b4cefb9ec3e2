// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.compare;

import io.rapidbyte.benchmarks.result.Phases;
import io.rapidbyte.benchmarks.result.Series;
import io.rapidbyte.benchmarks.result.Statistics;
import io.rapidbyte.benchmarks.result.Statistics.Ratio;
import io.rapidbyte.pipelines.cli.Numbers;
import java.util.Locale;

/**
 * What came of comparing one quantity of one series.
 *
 * @param verdict what is to be thought of it
 * @param series which series
 * @param quantity what was compared
 * @param phase the name of the phase; that of the quantity when it is none
 * @param baseline the baseline's median: rows per second, or seconds
 * @param candidate the candidate's, in the same unit
 * @param ratio candidate to baseline
 * @param pValue how likely the difference is without a cause
 * @param reason why the verdict is what it is
 * @param baselineIterations how many iterations the baseline has
 * @param candidateIterations how many iterations the candidate has
 */
public record Finding(
        Verdict verdict,
        Series.Key series,
        Quantity quantity,
        String phase,
        double baseline,
        double candidate,
        Ratio ratio,
        double pValue,
        Reason reason,
        int baselineIterations,
        int candidateIterations) {

    /** What is to be thought of a difference. */
    public enum Verdict {
        /** Worse by more than is allowed, and by more than noise explains. */
        REGRESSION,
        /** Better by as much, and by more than noise explains. */
        IMPROVEMENT,
        /** Not worse and not better by more than is allowed, and enough iterations to be sure. */
        SAME,
        /** It cannot be told. */
        UNCLEAR
    }

    /** What leads to a verdict. */
    enum Reason {
        /** The difference is larger than the limit and the noise. */
        BEYOND_LIMIT,
        /** The whole interval is within the limits. */
        WITHIN_LIMITS,
        /** The median differs by more than the limit, the groups overlap. */
        LARGE_BUT_NOISY,
        /** The median is within the limits, the interval is not. */
        INTERVAL_TOO_WIDE,
        /** No difference between groups of these sizes could be told from noise. */
        TOO_FEW_ITERATIONS
    }

    /** What was compared: {@code throughput}, {@code loading modules}, {@code reading: connect}. */
    public String title() {
        return quantity == Quantity.THROUGHPUT ? "throughput" : Phases.fullTitle(phase);
    }

    /** The baseline's median with its unit. */
    public String baselineText() {
        return value(baseline);
    }

    /** The candidate's median with its unit. */
    public String candidateText() {
        return value(candidate);
    }

    /** The change of the median: {@code -12.3 %}. */
    public String change() {
        return change(ratio.estimate());
    }

    /** The interval of the change: {@code -14.0 % to -10.1 %}. */
    public String interval() {
        return change(ratio.low()) + " to " + change(ratio.high());
    }

    /** The finding as a sentence. */
    public String sentence() {
        String what = series + ": ";
        String medians = title() + " went from " + baselineText() + " to " + candidateText() + " (" + change() + ")";
        String iterations = baselineIterations + " against " + candidateIterations + " iterations";
        String interval = String.format(
                Locale.ROOT, "%.0f %% interval %s, %s", 100 * Statistics.CONFIDENCE, interval(), iterations);
        return switch (reason) {
            case BEYOND_LIMIT -> what + medians + "; " + interval + ".";
            case WITHIN_LIMITS ->
                what + title() + " stayed within its limit, " + baselineText() + " and " + candidateText() + "; "
                        + interval + ".";
            case LARGE_BUT_NOISY ->
                what + medians + ", which the noise of these iterations would explain; " + interval + ".";
            case INTERVAL_TOO_WIDE ->
                what + medians + ", and the noise hides whether it changed by more; " + interval + ".";
            case TOO_FEW_ITERATIONS ->
                what + "not enough iterations to tell whether " + title() + " changed (" + iterations
                        + ", 5 against 5 are enough); " + medians + ".";
        };
    }

    private String value(double value) {
        return quantity == Quantity.THROUGHPUT
                ? Numbers.count(Math.round(value)) + " rows/s"
                : Numbers.seconds(value) + " s";
    }

    private static String change(double ratio) {
        if (Double.isInfinite(ratio)) {
            return "from nothing";
        }
        // Adding zero turns a negative zero into the other one.
        double percent = Math.round((ratio - 1) * 1000) / 10.0 + 0.0;
        return String.format(Locale.ROOT, "%+.1f %%", percent);
    }
}
