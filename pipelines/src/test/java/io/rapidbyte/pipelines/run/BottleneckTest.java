// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;

import io.rapidbyte.pipelines.run.Bottleneck.Kind;
import io.rapidbyte.pipelines.run.RunProgress.Status;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Each file of metrics is what a real run of 400,000 rows reported (tiny and one-row: of one), on a machine of two cores. */
class BottleneckTest {
    @Test
    void aSlowNetworkToTheSourceIsToldByTheTimeThatReadingTook() {
        Bottleneck bottleneck = of("slow-source");

        assertThat(bottleneck.kind(), is(Kind.SOURCE));
        assertThat(
                bottleneck.sentence(),
                startsWith("The source is the bottleneck: reading was 89 % of the work."
                        + " Most of that was waiting for the server's rows (98 %)"));
    }

    @Test
    void whereBothSidesWorkAtOnceTheWaitsTellAsWell() {
        assertThat(of("slow-source-flink").kind(), is(Kind.SOURCE));
        assertThat(of("slow-source-flink").sentence(), containsString(", and writing waited for it 93 % of its time."));
        assertThat(of("slow-destination-flink").kind(), is(Kind.DESTINATION));
        assertThat(
                of("slow-destination-flink").sentence(),
                containsString(", and reading waited for it 63 % of its time."));
    }

    @Test
    void aSlowNetworkToTheDestinationIsToldByTheTimeThatWritingTook() {
        Bottleneck bottleneck = of("slow-destination");

        assertThat(bottleneck.kind(), is(Kind.DESTINATION));
        assertThat(
                bottleneck.sentence(),
                startsWith("The destination is the bottleneck: writing was 92 % of the work."
                        + " Most of that was sending rows and committing them (93 %)"));
    }

    @Test
    void manyIndexesMakeADestinationSlow() {
        Bottleneck bottleneck = of("indexes");

        assertThat(bottleneck.kind(), is(Kind.DESTINATION));
        assertThat(bottleneck.sentence(), containsString("try fewer indexes"));
    }

    @Test
    void nothingIsSaidOfWaitsThatWereNotMeasured() {
        assertThat(of("slow-source").sentence(), not(containsString("waited")));
        assertThat(of("slow-destination").sentence(), not(containsString("waited")));
    }

    @Test
    void aConnectorThatComputesIsToldFromAServerThatIsSlow() {
        Map<String, Long> decoding = RecordedMetrics.moved(
                RecordedMetrics.of("slow-source").metrics(), "source_fetch_nanos", "source_decode_nanos");

        Bottleneck bottleneck = Bottleneck.of(RecordedMetrics.of("slow-source").with(decoding));

        assertThat(bottleneck.kind(), is(Kind.SOURCE));
        assertThat(
                bottleneck.sentence(),
                allOf(containsString("the connector turning rows into batches"), not(containsString("the server"))));
    }

    @Test
    void aStepBetweenReadingAndWritingCanBeTheBottleneck() {
        Bottleneck bottleneck = of("slow-step-flink");

        assertThat(bottleneck.kind(), is(Kind.TRANSFORM));
        assertThat(
                bottleneck.sentence(),
                startsWith("What happens between reading and writing is the bottleneck: it took 88 % of the work."));
    }

    @Test
    void compressionIsNamedWhenItIsMostOfWhatHappensInBetween() {
        RecordedMetrics step = RecordedMetrics.of("slow-step-flink");

        Bottleneck bottleneck = Bottleneck.of(
                step.with(RecordedMetrics.plus(step.metrics(), Map.of("compress_nanos", 9_000_000_000L))));

        assertThat(bottleneck.sentence(), containsString("Most of it was compression"));
    }

    @Test
    void aRunOfLessThanASecondTellsNothing() {
        Bottleneck bottleneck = of("tiny");

        assertThat(bottleneck.kind(), is(Kind.UNKNOWN));
        assertThat(bottleneck.sentence(), is(nullValue()));
    }

    @Test
    void aRunOfOneRowIsMostlyLaunching() {
        Bottleneck bottleneck = of("one-row");

        assertThat(bottleneck.kind(), is(Kind.LAUNCH));
        assertThat(
                bottleneck.sentence(),
                startsWith(
                        "Launching took longer than moving rows: of 1.3 s the checks before the run took 0.2 s, and the"
                                + " connectors, had one thread done all of their work, 0.6 s, of which 0.2 s was connecting and preparing."));
    }

    @Test
    void aRunnerThatTakesLongerToStartThanTheConnectorsWorkIsToldSo() {
        Bottleneck bottleneck = of("flink-start");

        assertThat(bottleneck.kind(), is(Kind.LAUNCH));
        assertThat(bottleneck.sentence(), startsWith("Launching took longer than moving rows: of 12.1 s"));
    }

    @Test
    void whereNeitherSideStandsOutThatIsSaid() {
        Bottleneck bottleneck = of("first-run");

        assertThat(bottleneck.kind(), is(Kind.NEITHER));
        assertThat(
                bottleneck.sentence(),
                startsWith("Neither side is the bottleneck: reading was 42 % of the work, writing 56 %."));
    }

    @Test
    void processorsThatAreAllBusyAreTheBottleneckWhateverTheSidesDid() {
        RecordedMetrics run = RecordedMetrics.of("one-processor");
        Map<String, Long> busy = RecordedMetrics.plus(
                run.metrics(), Map.of(ProcessCpu.PROCESS_CORES, 1L, ProcessCpu.PROCESS_CPU, 3_900_000_000L));
        Map<String, Long> idle = RecordedMetrics.plus(
                run.metrics(), Map.of(ProcessCpu.PROCESS_CORES, 1L, ProcessCpu.PROCESS_CPU, 2_010_000_000L));

        Bottleneck bottleneck = Bottleneck.of(run.with(busy));

        assertThat(bottleneck.kind(), is(Kind.CPU));
        assertThat(
                bottleneck.sentence(),
                startsWith(
                        "The processors are the bottleneck: this process kept 1.0 of 1 busy; of the time of reading and"
                                + " writing, 7 % was turning rows into batches and 21 % turning them back."));
        assertThat(Bottleneck.of(run.with(idle)).kind(), is(Kind.NEITHER));
        assertThat(
                Bottleneck.of(run.with(idle)).sentence(),
                containsString("On average 0.9 connectors on 2 threads and 0.5 of 1 processors were at work"));
    }

    @Test
    void aRunThatFailedHasOtherThingsToSay() {
        RunSummary summary = RecordedMetrics.of("slow-source").summary();
        RunSummary failed = new RunSummary(
                summary.pipeline(),
                summary.runId(),
                summary.runner(),
                summary.parallelism(),
                List.of(summary.streams().get(0).ended(Status.FAILED, 4, "The server is gone.")),
                summary.seconds(),
                summary.preflightSeconds(),
                summary.reading(),
                summary.writing(),
                summary.metrics());

        assertThat(Bottleneck.of(failed).kind(), is(Kind.UNKNOWN));
    }

    @Test
    void aRunnerThatTellsNothingIsNotGuessedAbout() {
        assertThat(
                Bottleneck.of(RecordedMetrics.of("slow-source").with(Map.of())).kind(), is(Kind.UNKNOWN));
    }

    private static Bottleneck of(String run) {
        return Bottleneck.of(RecordedMetrics.of(run).summary());
    }
}
