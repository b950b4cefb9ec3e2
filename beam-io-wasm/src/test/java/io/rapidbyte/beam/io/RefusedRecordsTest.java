// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.RecordPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.testing.PAssert;
import org.apache.beam.sdk.testing.TestPipeline;
import org.apache.beam.sdk.transforms.Count;
import org.apache.beam.sdk.transforms.MapElements;
import org.apache.beam.sdk.transforms.Sum;
import org.apache.beam.sdk.transforms.windowing.IntervalWindow;
import org.apache.beam.sdk.values.TypeDescriptors;
import org.joda.time.Instant;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** Records that a destination refuses: here those whose id is a multiple of 15, in units of ten rows. */
@Timeout(60)
class RefusedRecordsTest {
    private static final Map<String, ?> REFUSES = Map.of("refuse_every", 15);

    /** Ids 0 to 99 in ten units of one batch. */
    private static List<ArrowBatch> orders;

    @BeforeAll
    static void makeBatches() {
        orders = SinkTest.batches("orders", 10);
    }

    @Test
    void skippedRecordsAreInTheReceiptAndNowhereElse() {
        try (Sink sink = sink(REFUSES, RecordPolicy.SKIP)) {
            CommitReceipt receipt = write(sink, orders).get(0);

            assertThat(receipt.rows(), is(93L));
            assertThat(receipt.refused(), is(7L));
            assertThat(receipt.batches(), is(10L));
            assertThat(sink.deadLetters(), is(empty()));
        }
    }

    @Test
    void deadLettersComeOutWithTheReceiptOfTheirCommit() {
        try (Sink sink = sink(REFUSES, RecordPolicy.DLQ)) {
            CommitReceipt receipt = write(sink, orders).get(0);

            assertThat(receipt.refused(), is(7L));
            assertThat(sink.deadLetters(), hasSize(7));
            DeadLetter third = sink.deadLetters().get(2);
            assertThat(third.getRunId(), is(Probe.RUN));
            assertThat(third.getStream(), is("orders"));
            assertThat(third.getConnector(), is("probe-destination"));
            assertThat(third.getUnit(), is(3L));
            assertThat(third.getNumber(), is(0L));
            assertThat(third.getCategory(), is("data"));
            assertThat(third.getSqlState(), is("23514"));
            assertThat(third.getRecord(), is("{\"id\":30}"));
            assertThat(third.getMessage(), is("the probe refuses the record with id 30"));
        }
    }

    /** A bundle can be all that a worker reads: what it refuses does not fit into memory. */
    @Test
    void lettersOfWhatIsCommittedComeOutBeforeTheBundleEnds() {
        CheckpointIntervals eachBatch = new CheckpointIntervals(0, 10, Duration.ZERO);
        try (Sink sink = new Sink(
                Probe.destination(Map.of("refuse_every", 1)), Probe.append(RecordPolicy.DLQ), eachBatch, 2, 1)) {
            sink.startBundle();
            orders.forEach(sink::process);
            // Two wait in the queue, one is in the works, and one may be committed since the last time.
            assertThat(sink.earlyLetters().size(), is(greaterThanOrEqualTo(60)));
            sink.finishBundle();

            assertThat(sink.deadLetters(), hasSize(100));
            assertThat(sink.deadLetters().stream().distinct().count(), is(100L));
        }
    }

    @Test
    void lettersLeaveWithBatchesOfTheirOwnWindow() {
        IntervalWindow first = new IntervalWindow(new Instant(0), new Instant(1000));
        IntervalWindow second = new IntervalWindow(new Instant(1000), new Instant(2000));
        CheckpointIntervals eachBatch = new CheckpointIntervals(0, 10, Duration.ZERO);
        try (Sink sink = new Sink(
                Probe.destination(Map.of("refuse_every", 1)), Probe.append(RecordPolicy.DLQ), eachBatch, 2, 1)) {
            sink.startBundle();
            sink.process(orders.get(0), first);
            orders.subList(1, 10).forEach(batch -> sink.process(batch, second));
            assertThat(
                    sink.earlyLetters().stream()
                            .filter(letter -> letter.getUnit() == 0)
                            .count(),
                    is(0L));
            sink.finishBundle();

            assertThat(sink.deadLetters().stream().distinct().count(), is(100L));
        }
    }

    @Test
    void lettersOfABundleThatFailsDoNotComeOutAndComeOutOfTheNext() {
        // Refuses all, and fails at the fourth batch.
        Map<String, ?> failing = Map.of("refuse_every", 1, "behaviour", "error_after", "after_batches", 4);
        try (Sink sink = sink(failing, RecordPolicy.DLQ)) {
            assertThrows(ConnectorException.class, () -> write(sink, orders));
            assertThat(sink.deadLetters(), is(empty()));

            List<CommitReceipt> receipts = write(sink, orders.subList(0, 3));
            assertThat(receipts.get(0).rows(), is(0L));
            assertThat(sink.deadLetters(), hasSize(30));
        }
    }

    @Test
    void theLettersOfABatchAreTheSameWhateverItsBundle() {
        List<ArrowBatch> manyInAUnit =
                SinkTest.read(Map.of("units", 2, "batches_per_unit", 3, "rows_per_batch", 40), "orders");
        try (Sink sink = sink(REFUSES, RecordPolicy.DLQ)) {
            write(sink, manyInAUnit);
            List<DeadLetter> together = sink.deadLetters();

            write(sink, manyInAUnit.subList(4, 6));
            List<DeadLetter> apart = sink.deadLetters();

            assertThat(apart.isEmpty(), is(false));
            assertThat(together.subList(together.size() - apart.size(), together.size()), equalTo(apart));
            assertThat(together.stream().distinct().count(), is((long) together.size()));
        }
    }

    @Test
    void aBadRecordFailsTheBundleWhenNothingElseIsAskedFor() {
        try (Sink sink = sink(REFUSES, RecordPolicy.FAIL)) {
            ConnectorException failure = assertThrows(ConnectorException.class, () -> write(sink, orders));
            assertThat(failure.error().code(), is("23514"));
        }
    }

    @Test
    void lettersThatAreMissingAreADefectOfTheConnector() {
        Map<String, ?> keeps = Map.of("refuse_every", 15, "behaviour", "keep_dead_letters");
        try (Sink sink = sink(keeps, RecordPolicy.DLQ)) {
            ConnectorException failure = assertThrows(ConnectorException.class, () -> write(sink, orders));
            assertThat(failure.error().code(), is("dead_letters_missing"));
            assertThat(
                    failure.getMessage(),
                    containsString("has refused 7 records of stream orders and gave 0 dead letters"));
        }
    }

    @Test
    void eachWindowsReceiptAndLettersAreItsOwn() {
        IntervalWindow first = new IntervalWindow(new Instant(0), new Instant(1000));
        IntervalWindow second = new IntervalWindow(new Instant(1000), new Instant(2000));
        try (Sink sink = sink(REFUSES, RecordPolicy.DLQ)) {
            sink.startBundle();
            for (int batch = 0; batch < 10; batch++) {
                sink.process(orders.get(batch), batch < 4 ? first : second);
            }
            List<CommitReceipt> receipts = sink.finishBundle();

            assertThat(receipts, hasSize(2));
            assertThat(receipts.get(0).rows(), is(37L));
            assertThat("0, 15 and 30", receipts.get(0).refused(), is(3L));
            assertThat(receipts.get(1).rows(), is(56L));
            assertThat(receipts.get(1).refused(), is(4L));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPipelineCountsWhatItLeftOutAndHasItsLetters(TestRunner runner) {
        TestPipeline pipeline = runner.pipeline();
        WasmWriteResult written = pipeline.apply(
                        Probe.read(Map.of("units", 40, "rows_per_batch", 50)).withStream("orders"))
                .apply(Probe.write(Map.of("refuse_every", 100)).withDataErrorPolicy(RecordPolicy.DLQ));
        PAssert.thatSingleton(written.getDeadLetters().apply(Count.globally())).isEqualTo(20L);
        PAssert.thatSingleton(written.getReceipts()
                        .apply(
                                "refused",
                                MapElements.into(TypeDescriptors.longs()).via(CommitReceipt::refused))
                        .apply(Sum.longsGlobally()))
                .isEqualTo(20L);
        PAssert.thatSingleton(written.getFinalized()
                        .apply(
                                "rows",
                                MapElements.into(TypeDescriptors.strings())
                                        .via(stream -> stream.rows() + " and " + stream.refused())))
                .isEqualTo("1980 and 20");

        PipelineResult result = pipeline.run();
        result.waitUntilFinish();

        StreamReport orders = RunReport.of(result).streams().get("orders");
        assertThat(orders.recordsRead(), is(2000L));
        assertThat(orders.recordsWritten(), is(1980L));
        assertThat(orders.recordsRefused(), is(20L));
        assertThat(orders.get(RapidbyteMetrics.DEAD_LETTERS), is(20L));
    }

    /** Who chose to lose records, or takes no dead letters, hears of it all the same. */
    @ParameterizedTest
    @CsvSource({"SKIP, they were skipped", "DLQ, dead_letter_table if its config names one"})
    void theLogSaysWhatACompleteStreamLacks(RecordPolicy policy, String where) {
        Logger logger = (Logger) LoggerFactory.getLogger(RefusedRecords.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        try (Sink sink = sink(REFUSES, policy)) {
            CommitReceipt receipt = write(sink, orders).get(0);
            finish(receipt, policy);
            assertThat(log.list, hasSize(1));
            assertThat(
                    log.list.get(0).getFormattedMessage(),
                    containsString("7 of the records of stream orders are not in probe.orders"));
            assertThat(log.list.get(0).getFormattedMessage(), containsString(where));

            CommitReceipt whole = write(sink, orders.subList(2, 3)).get(0);
            finish(whole, policy);
            assertThat("nothing is said of a stream that lost nothing", log.list, hasSize(1));
        } finally {
            logger.detachAppender(log);
        }
    }

    private static void finish(CommitReceipt receipt, RecordPolicy policy) {
        FinalizeStreamsDoFn step = new FinalizeStreamsDoFn(Probe.destination(Map.of()), Probe.append(policy));
        step.process(new StreamCommit(receipt, "probe.orders", null, true, "run"), new Collected<>(finalized -> {}));
        step.teardown();
    }

    private static List<CommitReceipt> write(Sink sink, List<ArrowBatch> batches) {
        sink.startBundle();
        batches.forEach(sink::process);
        return sink.finishBundle();
    }

    private static Sink sink(Map<String, ?> config, RecordPolicy policy) {
        return new Sink(Probe.destination(config), Probe.append(policy), CheckpointIntervals.NONE, 4, Long.MAX_VALUE);
    }
}
