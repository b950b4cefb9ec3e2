// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;

import io.rapidbyte.pipelines.run.RunSummary;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SummaryTextTest {
    @Test
    void columnsAreAlignedAndNumbersReadable() {
        check("summary-done.txt", Summaries.done(), Map.of());
    }

    @Test
    void aProofHasAColumn() {
        check("summary-verified.txt", Summaries.done(), Map.of("events", "equal", "countries", "DIFFERENT"));
    }

    @Test
    void whatMostRunsDoNotHaveIsThereWhenARunHasIt() {
        check("summary-eventful.txt", Summaries.eventful(), Map.of());
    }

    @Test
    void phasesThatAreNotKnownGoByTheirNames() {
        assertThat(PhaseNames.of("dest_new_nanos"), is("dest_new_nanos"));
    }

    @Test
    void theHintIsBrokenIntoLines() {
        List<String> lines = SummaryText.of(Summaries.done(), Map.of());

        for (String line : lines) {
            assertThat(line, line.length(), is(lessThanOrEqualTo(100)));
        }
    }

    private static void check(String file, RunSummary summary, Map<String, String> verified) {
        GoldenFile.check(file, String.join("\n", SummaryText.of(summary, verified)));
    }
}
