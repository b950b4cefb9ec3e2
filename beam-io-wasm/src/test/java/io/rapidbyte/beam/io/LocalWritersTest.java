// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.testing.OwnThread;
import io.rapidbyte.wasm.ArrowFrames;
import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.StreamSpec;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.apache.beam.sdk.transforms.windowing.BoundedWindow;
import org.apache.beam.sdk.transforms.windowing.GlobalWindow;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is still at work when a run has ended. */
@Timeout(60)
class LocalWritersTest {
    private final ArrowBatch batch = SinkTest.batches("orders", 1).get(0);

    @Test
    void aWriterThatIsToldToEndDoesNotBlameTheConnector() {
        try (ConnectorSession<DestinationConnector> session =
                ConnectorSession.ofDestination(Probe.destination(Map.of()))) {
            StreamWriter writer =
                    Probe.writer(session, batch, CheckpointIntervals.NONE, new BatchQueue(4, Long.MAX_VALUE));
            writer.giveUp();

            ConnectorException failure = assertThrows(
                    ConnectorException.class,
                    () -> writer.put(batch, BoundedWindow.TIMESTAMP_MIN_VALUE, GlobalWindow.INSTANCE));

            assertThat(failure.error().category(), is(Category.CANCELLED));
        }
    }

    @Test
    void nothingBeginsInARunThatHasEndedUntilItIsForgotten() throws InterruptedException {
        assertThat(LocalWriters.end(Probe.RUN, Duration.ZERO), is(true));
        try {
            assertThat(
                    assertThrows(ConnectorException.class, this::write).error().code(), is("run_ended"));
            assertThat(
                    assertThrows(ConnectorException.class, () -> finish(Map.of()))
                            .error()
                            .code(),
                    is("run_ended"));
        } finally {
            LocalWriters.forget(Probe.RUN);
        }
        write();
        finish(Map.of());
    }

    /** A stream that is being finalized would put rows in place of others behind the back of whoever removes what the run left behind. */
    @Test
    void whoEndsARunWaitsForWhatIsAtWork() throws Exception {
        CountDownLatch told = new CountDownLatch(1);
        LocalWriters.Work work = told::countDown;
        LocalWriters.enter(Probe.RUN, work, "probe-destination", "orders");
        try {
            CompletableFuture<Boolean> gone = CompletableFuture.supplyAsync(this::end, OwnThread.EACH);
            told.await();
            assertThat("it waits", gone.isDone(), is(false));
            LocalWriters.leave(Probe.RUN, work);
            assertThat(gone.get(), is(true));
        } finally {
            LocalWriters.leave(Probe.RUN, work);
            LocalWriters.forget(Probe.RUN);
        }
    }

    private boolean end() {
        try {
            return LocalWriters.end(Probe.RUN, Duration.ofSeconds(30));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void write() {
        try (Sink sink = new Sink(Probe.destination(Map.of()), 4, Long.MAX_VALUE)) {
            sink.startBundle();
            sink.process(batch);
            sink.finishBundle();
        }
    }

    private void finish(Map<String, ?> config) {
        CommitReceipt receipt = new CommitReceipt(
                Probe.RUN, StreamSpec.of("orders"), ArrowFrames.schemaOf(batch.frame()), 10, 0, 100, 1);
        FinalizeStreamsDoFn step = new FinalizeStreamsDoFn(Probe.destination(config), Probe.append());
        try {
            step.process(new StreamCommit(receipt, "probe.orders", null, true), new Collected<>(finalized -> {}));
        } finally {
            step.teardown();
        }
    }
}
