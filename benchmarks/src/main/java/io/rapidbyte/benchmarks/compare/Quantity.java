// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.compare;

import io.rapidbyte.benchmarks.result.Statistics.Ratio;

/** What is compared, and by how much it may change. */
public enum Quantity {
    /** Rows per second: a loss of more than 5 % is a regression. */
    THROUGHPUT(0.95, 1 / 0.95, Better.MORE),
    /** Time of a phase: a gain of more than 20 % is a regression. */
    PHASE(1 / 1.2, 1.2, Better.LESS),
    /** Time of loading modules: it may double. */
    MODULE_LOAD(0.5, 2, Better.LESS);

    private enum Better {
        MORE,
        LESS
    }

    private final double low;
    private final double high;
    private final Better better;

    Quantity(double low, double high, Better better) {
        this.low = low;
        this.high = high;
        this.better = better;
    }

    boolean isWorse(Ratio ratio) {
        return better == Better.MORE ? ratio.estimate() < low : ratio.estimate() > high;
    }

    boolean isBetter(Ratio ratio) {
        return better == Better.MORE ? ratio.estimate() > high : ratio.estimate() < low;
    }

    /** Whether the interval shows that the change is within what is allowed, in both directions. */
    boolean isSurelyWithin(Ratio ratio) {
        return ratio.low() >= low && ratio.high() <= high;
    }
}
