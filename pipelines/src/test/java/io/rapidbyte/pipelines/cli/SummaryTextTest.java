// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.beam.io.RapidbyteMetrics;
import io.rapidbyte.pipelines.run.RunSummary;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SummaryTextTest {
    private static final RunSummary SUMMARY = new RunSummary(
            "shop",
            "run-1",
            "direct",
            2,
            List.of(
                    new RunSummary.Stream("events", 1_000_000, 1_000_000, 104_200_000, 3.2),
                    new RunSummary.Stream("countries", 0, 0, 1_100, 0)),
            4.0,
            0.5,
            Map.of(
                    RapidbyteMetrics.SOURCE_READ, 4_000_000_000L,
                    RapidbyteMetrics.SOURCE_FETCH, 1_000_000_000L,
                    RapidbyteMetrics.SOURCE_ARROW_ENCODE, 3_000_000_000L,
                    RapidbyteMetrics.DEST_WRITE, 2_500_000_000L,
                    RapidbyteMetrics.DEST_FLUSH, 2_500_000_000L,
                    RapidbyteMetrics.MODULE_LOAD, 12_000_000L));

    @Test
    void columnsAreAlignedAndNumbersReadable() {
        assertThat(
                String.join("\n", SummaryText.of(SUMMARY, Map.of("events", "equal", "countries", "DIFFERENT"))),
                is("""
                        Pipeline shop, run run-1, direct runner with 2 threads

                        stream          rows     MB  seconds   rows/s  MB/s  verified
                        --------------------------------------------------------------
                        events     1,000,000  104.2    3.200  312,500  32.6  equal
                        countries          0   0.00        -        -     -  DIFFERENT
                        --------------------------------------------------------------
                        all        1,000,000  104.2    3.500  285,714  29.8

                        where the time went                  seconds  share
                        ---------------------------------------------------
                        reading, all threads                   4.000
                          connect                              0.000    0 %
                          query                                0.000    0 %
                          fetch from the server                1.000   25 %
                          encode to Arrow                      3.000   75 %
                          claim units                          0.000    0 %
                          emit batches                         0.000    0 %
                        writing, all threads                   2.500
                          connect                              0.000    0 %
                          prepare tables                       0.000    0 %
                          wait for batches                     0.000    0 %
                          decode from Arrow                    0.000    0 %
                          flush to the server                  2.500  100 %
                          commit                               0.000    0 %
                        waiting for a full queue               0.000
                        waiting for a commit                   0.000
                        planning                               0.000
                        finalizing                             0.000
                        loading modules                        0.012
                        ---------------------------------------------------
                        checks before the run, by the clock    0.500
                        whole run, by the clock                4.000"""));
    }

    @Test
    void withoutAProofThereIsNoColumnForIt() {
        assertThat(SummaryText.of(SUMMARY, Map.of()).get(2), is("stream          rows     MB  seconds   rows/s  MB/s"));
    }
}
