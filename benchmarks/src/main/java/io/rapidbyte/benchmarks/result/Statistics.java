// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.result;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.commons.statistics.descriptive.Median;
import org.apache.commons.statistics.descriptive.Quantile;
import org.apache.commons.statistics.inference.AlternativeHypothesis;
import org.apache.commons.statistics.inference.MannWhitneyUTest;

/**
 * What is said of repeated measurements. Times have a floor and a long tail, so all of it is of ranks: medians, quartiles, and a test that
 * assumes no distribution. The same values give the same figures, whichever machine asks.
 */
public final class Statistics {
    /** Of the intervals. */
    public static final double CONFIDENCE = 0.95;

    private static final int RESAMPLES = 4_000;
    private static final long SEED = 20_260_101;
    private static final Median MEDIAN = Median.withDefaults().withCopy(true);

    // That of R and NumPy, which of five values does not let the outermost into the quartiles.
    private static final Quantile QUANTILE =
            Quantile.withDefaults().with(Quantile.EstimationMethod.HF7).withCopy(true);

    private Statistics() {}

    /**
     * The middle of some values and how far they spread, in the values' unit.
     *
     * @param count how many values
     * @param median the middle one
     * @param lowerQuartile a quarter of the values is below
     * @param upperQuartile a quarter of the values is above
     * @param medianDeviation the median of the distances from the median
     */
    public record Summary(
            int count, double median, double lowerQuartile, double upperQuartile, double medianDeviation) {
        /** The distance between the quartiles as a share of the median: 0.02 is 2 %; 0 when the median is. */
        public double relativeSpread() {
            return median == 0 ? 0 : (upperQuartile - lowerQuartile) / median;
        }
    }

    /**
     * How many times the baseline's median the candidate's is, with the interval that holds the true ratio with {@link #CONFIDENCE}.
     * Infinite where the baseline is zero.
     */
    public record Ratio(double estimate, double low, double high) {
        /** Whether the interval says that there is a difference at all. */
        public boolean excludesOne() {
            return low > 1 || high < 1;
        }
    }

    /**
     * The median.
     *
     * @throws IllegalArgumentException when there are no values
     */
    public static double median(double... values) {
        requireSome(values);
        return MEDIAN.evaluate(values);
    }

    /**
     * Sums values up.
     *
     * @throws IllegalArgumentException when there are none
     */
    public static Summary summarize(double... values) {
        double median = median(values);
        double[] quartiles = QUANTILE.evaluate(values, 0.25, 0.75);
        double deviation = median(
                Arrays.stream(values).map(value -> Math.abs(value - median)).toArray());
        return new Summary(values.length, median, quartiles[0], quartiles[1], deviation);
    }

    /**
     * The ratio of two medians. Its interval is a percentile bootstrap: both groups are drawn anew from their own values many times over.
     *
     * @throws IllegalArgumentException when a group is empty
     */
    public static Ratio medianRatio(double[] baseline, double[] candidate) {
        double estimate = ratio(median(baseline), median(candidate));
        SplittableRandom random = new SplittableRandom(SEED);
        double[] ratios = IntStream.range(0, RESAMPLES)
                .mapToDouble(resample -> ratio(median(resample(baseline, random)), median(resample(candidate, random))))
                .toArray();
        // By rank and not interpolated: between a ratio and an infinite one there is nothing.
        Arrays.sort(ratios);
        int outside = (int) (RESAMPLES * (1 - CONFIDENCE) / 2);
        return new Ratio(estimate, ratios[outside], ratios[RESAMPLES - 1 - outside]);
    }

    /**
     * How likely groups that lie apart at least this much are when there is no difference between what was measured: the two-sided p-value
     * of the Mann-Whitney U test, exact for small groups without ties.
     *
     * @throws IllegalArgumentException when a group is empty
     */
    public static double pValue(double[] baseline, double[] candidate) {
        requireSome(baseline);
        requireSome(candidate);
        return MannWhitneyUTest.withDefaults()
                .with(AlternativeHypothesis.TWO_SIDED)
                .test(baseline, candidate)
                .getPValue();
    }

    /**
     * The smallest p-value that groups of these sizes can have, that of groups that do not overlap at all. When even that one is large, the
     * groups are too small to tell anything.
     *
     * @param baseline values in the one group, above zero
     * @param candidate values in the other, above zero
     */
    public static double leastPValue(int baseline, int candidate) {
        return pValue(
                IntStream.range(0, baseline).asDoubleStream().toArray(),
                IntStream.range(baseline, baseline + candidate).asDoubleStream().toArray());
    }

    private static double[] resample(double[] values, SplittableRandom random) {
        double[] drawn = new double[values.length];
        for (int i = 0; i < drawn.length; i++) {
            drawn[i] = values[random.nextInt(values.length)];
        }
        return drawn;
    }

    private static double ratio(double baseline, double candidate) {
        if (baseline == 0) {
            return candidate == 0 ? 1 : Double.POSITIVE_INFINITY;
        }
        return candidate / baseline;
    }

    private static void requireSome(double[] values) {
        if (values.length == 0) {
            throw new IllegalArgumentException("there are no values to say anything of");
        }
    }
}
