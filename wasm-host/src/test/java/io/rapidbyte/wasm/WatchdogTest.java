// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.nullValue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who is stopped, who is not, and that an interrupt never goes astray. */
class WatchdogTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @AfterEach
    void noInterruptIsLeftBehind() {
        assertThat(Thread.interrupted(), is(false));
    }

    /** Runs a call on a thread of its own and hands out what it threw. */
    private static final class Caller {
        final AtomicReference<Throwable> thrown = new AtomicReference<>();
        final AtomicReference<Boolean> interrupted = new AtomicReference<>();
        final Thread thread;

        Caller(Runnable call) {
            thread = new Thread(() -> {
                try {
                    call.run();
                } catch (RuntimeException | Error e) {
                    thrown.set(e);
                }
                interrupted.set(Thread.currentThread().isInterrupted());
            });
            thread.start();
        }

        ConnectorException failure() throws InterruptedException {
            thread.join(TimeUnit.SECONDS.toMillis(30));
            assertThat("the call ended", thread.isAlive(), is(false));
            return (ConnectorException) thrown.get();
        }
    }

    /** A feed that says when somebody waits in it, and gives nothing. */
    private static final class EmptyFeed implements BatchFeed {
        final CountDownLatch waiting = new CountDownLatch(1);
        private final BlockingQueue<Frame> never = new LinkedBlockingQueue<>();

        @Override
        public Frame next() throws InterruptedException {
            waiting.countDown();
            return never.take();
        }
    }

    private static WriteRequest request() {
        try (SourceConnector source = Probes.source("{}")) {
            return Probes.writeRequest(source.plan(Probes.STREAM));
        }
    }

    @Test
    void theThreadEndsWhenThereIsNothingToLookAfterAndBeginsAnew() throws Exception {
        ScheduledThreadPoolExecutor executor = Watchdog.thread(Duration.ofMillis(20));
        try {
            Thread first = executor.submit(Thread::currentThread).get();
            first.join(TimeUnit.SECONDS.toMillis(30));
            assertThat("it ended", first.isAlive(), is(false));

            ScheduledFuture<Thread> later = executor.schedule(Thread::currentThread, 100, TimeUnit.MILLISECONDS);
            assertThat("a check that is due later is made", later.get(30, TimeUnit.SECONDS) != first, is(true));
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void waitingForInputIsNoComputation() {
        InstanceOptions options = Probes.options().withLimits(Probes.LIMITS.withGuestTime(Duration.ofMillis(800)));
        List<Frame> frames = Probes.frames("{'units': 2}");
        try (DestinationConnector destination = Probes.destination("{}", options)) {
            WriteResult result = destination.write(request(), new Probes.Feed(frames) {
                @Override
                public Frame next() throws InterruptedException {
                    // Longer than the guest may compute.
                    new CountDownLatch(1).await(1_000, TimeUnit.MILLISECONDS);
                    return super.next();
                }
            });
            assertThat(result.batches(), is(2L));
        }
    }

    @Test
    void manyShortComputationsWithProgressBetweenThemAreFine() {
        InstanceOptions options = Probes.options().withLimits(Probes.LIMITS.withGuestTime(Duration.ofSeconds(1)));
        Probes.Reader reader = new Probes.Reader();
        try (SourceConnector source =
                Probes.source("{'units': 15, 'rows_per_batch': 1, 'spin_micros_per_batch': 100000}", options)) {
            source.read(source.plan(Probes.STREAM), 0, 15, reader);
        }
        assertThat(reader.frames, hasSize(15));
    }

    @Test
    void aDestinationThatComputesForEverIsStoppedInTheMiddleOfAWrite() {
        try (DestinationConnector destination = Probes.destination("{'behaviour': 'loop_after', 'after_batches': 1}")) {
            WriteRequest request = request();
            Failures.of(
                    Category.INTERNAL,
                    "guest_timeout",
                    () -> destination.write(request, new Probes.Feed(Probes.frames("{'units': 2}"))));
        }
    }

    @Test
    void aShortCallEndsAtItsTimeoutThoughItMayComputeForLonger() {
        InstanceOptions options =
                Probes.options().withLimits(Probes.LIMITS.withGuestTime(LONG).withCallTimeout(Duration.ofMillis(400)));
        try (SourceConnector source = Probes.source("{'behaviour': 'loop', 'call': 'check'}", options)) {
            ConnectorException failure = Failures.of(Category.INTERNAL, "guest_timeout", () -> source.check(List.of()));
            assertThat(failure.getMessage().contains("400 ms"), is(true));
        }
    }

    @Test
    void cancellingEndsAWriteThatWaitsForInput() throws InterruptedException {
        EmptyFeed feed = new EmptyFeed();
        WriteRequest request = request();
        try (DestinationConnector destination = Probes.destination("{}")) {
            Caller caller = new Caller(() -> destination.write(request, feed));
            feed.waiting.await();
            destination.cancel();
            ConnectorException failure = caller.failure();
            assertThat(failure.error().category(), is(Category.CANCELLED));
            assertThat("the interrupt was the host's own", caller.interrupted.get(), is(false));
            assertThat(destination.isUsable(), is(false));
        }
    }

    @Test
    void anInterruptOfTheRunnerEndsAWriteAndIsHandedOn() throws InterruptedException {
        EmptyFeed feed = new EmptyFeed();
        WriteRequest request = request();
        try (DestinationConnector destination = Probes.destination("{}")) {
            Caller caller = new Caller(() -> destination.write(request, feed));
            feed.waiting.await();
            caller.thread.interrupt();
            assertThat(caller.failure().error().category(), is(Category.CANCELLED));
            assertThat("the runner's interrupt is still there", caller.interrupted.get(), is(true));
        }
    }

    @Test
    void anInterruptOfTheRunnerEndsAComputation() throws InterruptedException {
        InstanceOptions options = Probes.options().withLimits(Probes.LIMITS.withGuestTime(LONG));
        CountDownLatch started = new CountDownLatch(1);
        try (SourceConnector source = Probes.source("{'units': 1, 'spin_micros_per_batch': 60000000}", options)) {
            StreamPlan plan = source.plan(Probes.STREAM);
            Caller caller = new Caller(() -> source.read(plan, 0, 1, new ReadCallbacks() {
                @Override
                public boolean claim(long unit) {
                    started.countDown();
                    return true;
                }

                @Override
                public void emit(Frame frame) {
                    throw new IllegalStateException("The source computes for a minute first.");
                }
            }));
            started.await();
            caller.thread.interrupt();
            assertThat(caller.failure().error().category(), is(Category.CANCELLED));
            assertThat(caller.interrupted.get(), is(true));
        }
    }

    @Test
    void cancellingEndsAComputationAfterAMomentOfGrace() throws InterruptedException {
        InstanceOptions options = Probes.options().withLimits(Probes.LIMITS.withGuestTime(LONG));
        CountDownLatch started = new CountDownLatch(1);
        try (SourceConnector source = Probes.source("{'units': 1, 'spin_micros_per_batch': 60000000}", options)) {
            StreamPlan plan = source.plan(Probes.STREAM);
            Caller caller = new Caller(() -> source.read(plan, 0, 1, new ReadCallbacks() {
                @Override
                public boolean claim(long unit) {
                    started.countDown();
                    return true;
                }

                @Override
                public void emit(Frame frame) {
                    throw new IllegalStateException("The source computes for a minute first.");
                }
            }));
            started.await();
            source.cancel();
            source.cancel();
            assertThat(caller.failure().error().category(), is(Category.CANCELLED));
            assertThat(caller.interrupted.get(), is(false));
        }
    }

    @Test
    void cancellingEndsAReadThatWaitsForTheNetwork() throws IOException, InterruptedException {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String config = "{'behaviour': 'connect', 'host': 'localhost', 'port': " + silent.getLocalPort() + "}";
            try (SourceConnector source = Probes.source(config)) {
                StreamPlan plan = source.plan(Probes.STREAM);
                Caller caller = new Caller(() -> source.read(plan, 0, 1, new Probes.Reader()));
                try (Socket accepted = silent.accept()) {
                    assertThat("the ping arrived", accepted.getInputStream().readNBytes(4).length, is(4));
                    long start = System.nanoTime();
                    source.cancel();
                    caller.thread.join(TimeUnit.SECONDS.toMillis(10));
                    assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start), lessThan(3_000L));
                    assertThat(
                            "the socket was closed", accepted.getInputStream().read(), is(-1));
                }
                assertThat(caller.interrupted.get(), is(false));
            }
        }
    }

    @Test
    void cleaningUpWorksOnAnInterruptedThread() {
        SourceConnector source = Probes.source("{}");
        Thread.currentThread().interrupt();
        source.teardown(List.of(Probes.STREAM), "failed");
        assertThat(Thread.currentThread().isInterrupted(), is(true));
        source.close();
        assertThat("the interrupt is still there", Thread.interrupted(), is(true));
    }

    @Test
    void manyInstancesOnManyThreadsDoNotDisturbEachOther() throws InterruptedException {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread[] threads = new Thread[8];
        for (int i = 0; i < threads.length; i++) {
            boolean hostile = i % 2 == 0;
            threads[i] = new Thread(() -> {
                try {
                    work(hostile);
                } catch (RuntimeException | Error e) {
                    thrown.set(e);
                }
            });
            threads[i].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(thrown.get(), is(nullValue()));
    }

    private static void work(boolean hostile) {
        for (int round = 0; round < 3; round++) {
            if (hostile) {
                try (SourceConnector source = Probes.source("{'behaviour': 'loop', 'call': 'check'}")) {
                    Failures.of(Category.INTERNAL, "guest_timeout", () -> source.check(List.of()));
                }
            } else {
                InstanceOptions patient = Probes.options();
                Probes.Reader reader = new Probes.Reader();
                try (SourceConnector source = Probes.source("{'units': 200, 'rows_per_batch': 500}", patient)) {
                    source.read(source.plan(Probes.STREAM), 0, 200, reader);
                }
                assertThat(reader.frames, hasSize(200));
            }
            assertThat(Thread.interrupted(), is(false));
        }
    }
}
