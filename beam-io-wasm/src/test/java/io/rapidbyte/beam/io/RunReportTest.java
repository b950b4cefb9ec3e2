// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import java.util.List;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.metrics.MetricKey;
import org.apache.beam.sdk.metrics.MetricName;
import org.apache.beam.sdk.metrics.MetricQueryResults;
import org.apache.beam.sdk.metrics.MetricResult;
import org.apache.beam.sdk.metrics.MetricResults;
import org.apache.beam.sdk.metrics.MetricsFilter;
import org.joda.time.Duration;
import org.junit.jupiter.api.Test;

class RunReportTest {
    private static final String NAME =
            new RapidbyteMetrics.Name(RapidbyteMetrics.RECORDS_WRITTEN, "orders", "dest-postgres").format();

    @Test
    void attemptsAreCountedWhereNothingElseIs() {
        assertThat(written(List.of(MetricResult.attempted(key("write"), 3L))), is(3L));
    }

    @Test
    void whatARunnerHasCommittedIsCountedAlsoBeforeItHasCountedTheAttempt() {
        assertThat(written(List.of(MetricResult.create(key("write"), 500L, 0L))), is(500L));
    }

    @Test
    void whatWasDoneTwiceIsCountedTwice() {
        assertThat(
                written(List.of(
                        MetricResult.create(key("write"), 500L, 700L), MetricResult.create(key("other"), 1L, 1L))),
                is(701L));
    }

    private static MetricKey key(String step) {
        return MetricKey.create(step, MetricName.named(RapidbyteMetrics.NAMESPACE, NAME));
    }

    private static long written(List<MetricResult<Long>> counters) {
        return RunReport.of(new Measured(counters)).total(RapidbyteMetrics.RECORDS_WRITTEN);
    }

    /** A run that has these counters. */
    private record Measured(List<MetricResult<Long>> counters) implements PipelineResult {
        @Override
        public State getState() {
            return State.DONE;
        }

        @Override
        public State cancel() {
            return State.DONE;
        }

        @Override
        public State waitUntilFinish(Duration duration) {
            return State.DONE;
        }

        @Override
        public State waitUntilFinish() {
            return State.DONE;
        }

        @Override
        public MetricResults metrics() {
            return new MetricResults() {
                @Override
                public MetricQueryResults queryMetrics(MetricsFilter filter) {
                    return MetricQueryResults.create(counters, List.of(), List.of(), List.of(), List.of(), List.of());
                }
            };
        }
    }
}
