// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a destination does, it ends in one error, and what it took or did not take is known. */
class HostileDestinationTest {
    private static List<Frame> frames;
    private static WriteRequest request;

    @BeforeAll
    static void read() {
        frames = Probes.frames("{'units': 4}");
        try (SourceConnector source = Probes.source("{'units': 4}")) {
            request = Probes.writeRequest(source.plan(Probes.STREAM));
        }
    }

    @AfterEach
    void theHostAndAnotherInstanceStillWork() {
        assertThat("no interrupt is left behind", Thread.interrupted(), is(false));
        try (DestinationConnector fresh = Probes.destination("{}")) {
            assertThat(fresh.write(request, new Probes.Feed(frames)).batches(), is(4L));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "trap_after,internal,guest_trap,2",
        "panic_after,internal,guest_trap,2",
        "loop_after,internal,guest_timeout,2",
        "error_after,data,probe_error,2"
    })
    void aWriteThatFailsInTheMiddleLeavesTheRestOfTheFeed(String behaviour, String category, String code, int taken) {
        Probes.Feed feed = new Probes.Feed(frames);
        try (DestinationConnector destination =
                Probes.destination("{'behaviour': '" + behaviour + "', 'after_batches': 2}")) {
            Failures.of(JsonNames.parse(Category.class, category), code, () -> destination.write(request, feed));
            assertThat(feed.frames.size(), is(frames.size() - taken));
            assertThat(destination.isUsable(), is(false));
            Failures.of(Category.INTERNAL, "unusable", () -> destination.write(request, feed));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"apply", "write", "finalize", "teardown", "check"})
    void everyCallCanFail(String call) {
        try (DestinationConnector destination = Probes.destination("{'behaviour': 'error', 'call': '" + call + "'}")) {
            ConnectorException failure = Failures.of(Category.DATA, "probe_error", () -> {
                switch (call) {
                    case "apply" -> destination.apply(request);
                    case "write" -> destination.write(request, new Probes.Feed(frames));
                    case "finalize" -> destination.finalizeStream(request);
                    case "teardown" -> destination.teardown(List.of(Probes.STREAM), "failed");
                    default -> destination.check(List.of(), WriteMode.APPEND, List.of());
                }
            });
            assertThat(failure.getMessage(), containsString("the probe fails on request"));
        }
    }

    @Test
    void aCloseThatTrapsIsNobodysProblem() {
        DestinationConnector destination = Probes.destination("{'behaviour': 'trap', 'call': 'close'}");
        destination.close();
        destination.close();
        assertThat(destination.isUsable(), is(false));
        Failures.of(Category.INTERNAL, "closed", () -> destination.apply(request));
    }

    @Test
    void askingAfterTheEndIsHarmless() {
        try (DestinationConnector destination = Probes.destination("{'behaviour': 'ignore_end'}")) {
            assertThat(destination.write(request, new Probes.Feed(frames)).batches(), is(4L));
        }
    }

    @Test
    void aCheckpointIsAskedForOnceAndReported() {
        List<Long> committed = new ArrayList<>();
        try (DestinationConnector destination = Probes.destination("{}")) {
            WriteResult result = destination.write(request, new Probes.Feed(frames) {
                @Override
                public boolean checkpointDue() {
                    return frames.size() == 2;
                }

                @Override
                public void committed(WriteResult since) {
                    committed.add(since.batches());
                }
            });
            assertThat(result.batches(), is(4L));
            assertThat(committed.get(0), is(2L));
        }
    }

    @Test
    void anExceptionOfTheFeedComesOutAsItIs() {
        IllegalStateException thrown = new IllegalStateException("the feed is broken");
        try (DestinationConnector destination = Probes.destination("{}")) {
            IllegalStateException caught = assertThrows(
                    IllegalStateException.class,
                    () -> destination.write(request, () -> {
                        throw thrown;
                    }));
            assertThat(caught, is(thrown));
        }
    }

    @Test
    void aBatchLargerThanTheBufferIsTakenWithMoreRoom() {
        List<Frame> large = Probes.frames("{'rows_per_batch': 20000, 'payload_bytes': 400}");
        try (DestinationConnector destination = Probes.destination("{}")) {
            assertThat(destination.write(request, new Probes.Feed(large)).rows(), is(20_000L));
        }
    }

    @Test
    void closingInTheMiddleOfAWriteEndsItAsCancelled() {
        DestinationConnector destination = Probes.destination("{'behaviour': 'loop_after', 'after_batches': 3}");
        Failures.of(
                Category.CANCELLED,
                "cancelled",
                () -> destination.write(request, new Probes.Feed(frames) {
                    @Override
                    public Frame next() throws InterruptedException {
                        destination.close();
                        return super.next();
                    }
                }));
        Failures.of(Category.INTERNAL, "closed", () -> destination.apply(request));
    }
}
