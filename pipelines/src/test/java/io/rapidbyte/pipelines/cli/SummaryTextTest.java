// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.beam.io.PhaseReport;
import io.rapidbyte.beam.io.RapidbyteMetrics;
import io.rapidbyte.pipelines.run.RunSummary;
import java.util.LinkedHashMap;
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
                    new RunSummary.Stream("events", 1_000_000, 1_000_000, 0, 104_200_000, 3.2),
                    new RunSummary.Stream("countries", 0, 0, 0, 1_100, 0)),
            4.0,
            0.5,
            new PhaseReport(
                    4_000_000_000L, phases(RapidbyteMetrics.SOURCE_FETCH, 1, RapidbyteMetrics.SOURCE_DECODE, 3)),
            new PhaseReport(2_500_000_000L, phases(RapidbyteMetrics.DEST_CONNECT, 0, "dest_new_nanos", 2)),
            Map.of(RapidbyteMetrics.MODULE_LOAD, 12_000_000L));

    private static Map<String, Long> phases(String first, long firstSeconds, String second, long secondSeconds) {
        Map<String, Long> phases = new LinkedHashMap<>();
        phases.put(first, firstSeconds * 1_000_000_000);
        phases.put(second, secondSeconds * 1_000_000_000);
        return phases;
    }

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
                          fetch from the server                1.000   25 %
                          decode rows                          3.000   75 %
                        writing, all threads                   2.500
                          connect                              0.000    0 %
                          dest_new_nanos                       2.000   80 %
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

    @Test
    void refusedRecordsHaveAColumnWhenThereAreSome() {
        RunSummary refusing = new RunSummary(
                "shop",
                "run-1",
                "direct",
                2,
                List.of(
                        new RunSummary.Stream("events", 1_000_000, 998_766, 1_234, 104_200_000, 3.2),
                        new RunSummary.Stream("countries", 5, 5, 0, 1_100, 0)),
                4.0,
                0.5,
                SUMMARY.reading(),
                SUMMARY.writing(),
                Map.of());

        List<String> lines = SummaryText.of(refusing, Map.of());

        assertThat(lines.get(2), is("stream        rows  refused     MB  seconds   rows/s  MB/s"));
        assertThat(lines.get(4), is("events     998,766    1,234  104.2    3.200  312,114  32.6"));
        assertThat(lines.get(5), is("countries        5        0   0.00        -        -     -"));
        assertThat(lines.get(7), is("all        998,771    1,234  104.2    3.500  285,363  29.8"));
    }
}
