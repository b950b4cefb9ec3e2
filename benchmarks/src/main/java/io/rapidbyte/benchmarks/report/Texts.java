// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.report;

import io.rapidbyte.benchmarks.report.Figures.Place;
import io.rapidbyte.benchmarks.result.Environment;
import io.rapidbyte.benchmarks.result.Series;
import io.rapidbyte.benchmarks.result.Statistics.Ratio;
import io.rapidbyte.benchmarks.result.Statistics.Summary;
import io.rapidbyte.pipelines.cli.Numbers;
import java.util.Locale;
import java.util.Optional;

/** How page and documentation write what they have in common. */
final class Texts {
    static final String NONE = "-";

    private static final int SHORT_COMMIT = 10;
    private static final double BYTES_PER_GIB = 1L << 30;

    private Texts() {}

    /** {@code peers: small, 1,000,000 rows, steady}. */
    static String heading(Place place) {
        String rows = place.rows() == 0 ? "" : ", " + Numbers.count(place.rows()) + " rows";
        return place.scenario() + ": " + place.profile() + rows + ", "
                + place.measure().name().toLowerCase(Locale.ROOT);
    }

    /** {@code 2.310 to 2.440 s}. */
    static String quartiles(Summary seconds) {
        return Numbers.seconds(seconds.lowerQuartile()) + " to " + Numbers.seconds(seconds.upperQuartile()) + " s";
    }

    static String seconds(double seconds) {
        return Numbers.seconds(seconds) + " s";
    }

    static String seconds(Optional<Double> seconds) {
        return seconds.map(Texts::seconds).orElse(NONE);
    }

    static String count(Optional<Double> count) {
        return count.map(Texts::count).orElse(NONE);
    }

    static String count(double count) {
        return Numbers.count(Math.round(count));
    }

    /** Megabytes of bytes, with the unit. */
    static String megabytes(Optional<Double> bytes) {
        return bytes.map(some -> Numbers.megabytes(some) + " MB").orElse(NONE);
    }

    /** Median megabytes of the table a second, without the unit. */
    static String megabytesPerSecond(Series series) {
        return String.format(Locale.ROOT, "%,.1f", series.mbPerSecond().median());
    }

    /** {@code 3.1 %} of 0.031. */
    static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }

    /** {@code 0.42 ×}. */
    static String times(double ratio) {
        return String.format(Locale.ROOT, "%.2f ×", ratio);
    }

    /** {@code 0.40 to 0.44}. */
    static String interval(Ratio ratio) {
        return String.format(Locale.ROOT, "%.2f to %.2f", ratio.low(), ratio.high());
    }

    static String gibibytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f GiB", bytes / BYTES_PER_GIB);
    }

    /** The commit, shortened, and what there is to say of it. */
    static String commit(Environment environment) {
        String commit = environment.commit();
        return commit.substring(0, Math.min(SHORT_COMMIT, commit.length())) + " of " + environment.branch()
                + (environment.dirty() ? ", with changes" : "");
    }
}
