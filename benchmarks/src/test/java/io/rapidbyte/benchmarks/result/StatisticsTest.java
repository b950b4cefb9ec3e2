// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.result;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.closeTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.benchmarks.result.Statistics.Ratio;
import io.rapidbyte.benchmarks.result.Statistics.Summary;
import org.junit.jupiter.api.Test;

class StatisticsTest {
    private static final double[] BASELINE = {1.00, 1.02, 0.99, 1.01, 1.03, 1.00, 1.04};

    @Test
    void oneSlowIterationMovesNeitherMedianNorSpread() {
        Summary summary = Statistics.summarize(5, 1, 3, 2, 1000);

        assertThat(summary.count(), is(5));
        assertThat(summary.median(), is(3.0));
        assertThat(summary.medianDeviation(), is(2.0));
        assertThat(summary.upperQuartile(), lessThan(300.0));
        assertThat(Statistics.summarize(2, 2, 2, 2).relativeSpread(), is(0.0));
    }

    @Test
    void theIntervalHoldsTheEstimateAndTheSameValuesGiveTheSameInterval() {
        double[] slower = scaled(1.5);

        Ratio ratio = Statistics.medianRatio(BASELINE, slower);

        assertThat(ratio.estimate(), closeTo(1.5, 1e-9));
        assertThat(ratio.low(), allOf(greaterThan(1.4), lessThanOrEqualTo(1.5)));
        assertThat(ratio.high(), allOf(lessThan(1.6), greaterThanOrEqualTo(1.5)));
        assertThat(ratio.excludesOne(), is(true));
        assertThat(Statistics.medianRatio(BASELINE, slower), is(ratio));
    }

    @Test
    void theValuesOfTheCallerStayInTheirOrder() {
        double[] values = BASELINE.clone();

        Statistics.summarize(values);
        Statistics.medianRatio(values, values);

        assertThat(values, is(BASELINE));
    }

    @Test
    void groupsOfTheSameDoNotDiffer() {
        assertThat(Statistics.medianRatio(BASELINE, BASELINE).excludesOne(), is(false));
        assertThat(Statistics.pValue(BASELINE, BASELINE), greaterThan(0.9));
    }

    @Test
    void groupsThatLieApartDiffer() {
        // Of the C(14, 7) = 3432 ways to deal the ranks out two are as extreme.
        assertThat(Statistics.pValue(BASELINE, new double[] {2.1, 2.2, 2.3, 2.4, 2.5, 2.6, 2.7}), lessThan(0.005));
        assertThat(Statistics.leastPValue(7, 7), closeTo(2.0 / 3432, 1e-9));
    }

    @Test
    void threeAgainstThreeCanTellNothing() {
        assertThat(Statistics.leastPValue(3, 3), closeTo(0.1, 1e-9));
        assertThat(Statistics.leastPValue(5, 5), closeTo(2.0 / 252, 1e-9));
    }

    @Test
    void whatWasNothingGrowsWithoutBound() {
        Ratio ratio = Statistics.medianRatio(new double[] {0, 0, 0}, new double[] {1, 2, 3});

        assertThat(ratio.estimate(), is(Double.POSITIVE_INFINITY));
        assertThat(Statistics.medianRatio(new double[] {0, 0}, new double[] {0, 0}), is(new Ratio(1, 1, 1)));
    }

    @Test
    void ofNoValuesNothingIsSaid() {
        assertThrows(IllegalArgumentException.class, Statistics::summarize);
        assertThrows(IllegalArgumentException.class, () -> Statistics.pValue(BASELINE, new double[0]));
    }

    private static double[] scaled(double factor) {
        double[] values = BASELINE.clone();
        for (int i = 0; i < values.length; i++) {
            values[i] *= factor;
        }
        return values;
    }
}
