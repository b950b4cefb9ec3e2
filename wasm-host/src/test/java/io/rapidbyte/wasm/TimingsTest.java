// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.closeTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.hasKey;
import static org.hamcrest.Matchers.is;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The parts of a call's time add up to the whole. */
class TimingsTest {
    private static final List<String> HOST_FUNCTIONS = List.of(
            "emit_batch",
            "next_batch",
            "claim",
            "checkpoint",
            "emit_dlq",
            "log",
            "metric",
            "clock",
            "random",
            "is_cancelled",
            "tcp_connect",
            "tcp_start_tls",
            "tcp_channel_binding",
            "tcp_on_cancel",
            "tcp_read",
            "tcp_write",
            "tcp_set_timeout",
            "tcp_close",
            "last_error");

    private static long sum(Timings timings, List<String> names) {
        return names.stream().mapToLong(name -> timings.get(name).nanos()).sum();
    }

    private static List<String> lifecycleCalls() {
        return java.util.Arrays.stream(LifecycleCall.values())
                .map(LifecycleCall::export)
                .toList();
    }

    @Test
    void guestAndHostFunctionsAddUpToTheCallsToTheNanosecond() {
        try (SourceConnector source = Probes.source("{'units': 20, 'rows_per_batch': 1000}")) {
            StreamPlan plan = source.plan(Probes.STREAM);
            source.read(plan, 0, plan.units(), new Probes.Reader());
            Timings timings = source.timings();
            assertThat(
                    timings.get(Timings.GUEST).nanos() + sum(timings, HOST_FUNCTIONS),
                    is(sum(timings, lifecycleCalls())));
            assertThat(timings.get("claim").count(), is(20L));
            assertThat(timings.get("emit_batch").count(), is(20L));
            assertThat(timings.get("emit_batch").bytes(), is(greaterThan(20_000L)));
            assertThat(timings.get("rb_read").count(), is(1L));
            assertThat(timings.timings(), hasKey("module_instantiate"));
        }
    }

    @Test
    void theyAddUpAfterATrapAndATimeoutToo() {
        SourceConnector source = Probes.source("{'behaviour': 'loop', 'call': 'check'}");
        Failures.of(Category.INTERNAL, "guest_timeout", () -> source.check(List.of()));
        Timings timings = source.timings();
        source.close();
        assertThat(
                timings.get(Timings.GUEST).nanos() + sum(timings, HOST_FUNCTIONS), is(sum(timings, lifecycleCalls())));
        assertThat(timings.get("rb_check").nanos(), is(greaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(500))));
    }

    @Test
    void whatIsMeasuredFromOutsideIsWhatIsReported() {
        List<Frame> frames = Probes.frames("{'units': 4}");
        try (SourceConnector source = Probes.source("{}");
                DestinationConnector destination = Probes.destination("{'behaviour': 'slow'}")) {
            WriteRequest request = Probes.writeRequest(source.plan(Probes.STREAM));
            Timings before = destination.timings();
            long start = System.nanoTime();
            destination.write(request, new Probes.Feed(frames) {
                @Override
                public Frame next() throws InterruptedException {
                    new CountDownLatch(1).await(50, TimeUnit.MILLISECONDS);
                    return super.next();
                }
            });
            double outside = System.nanoTime() - start;
            Timings timings = destination.timings().minus(before);
            assertThat((double) timings.get("rb_write").nanos(), is(closeTo(outside, outside * 0.05)));
            // Five waits of 50 ms; four batches of 100 ms in which the guest looks at the clock all the time.
            long computing =
                    timings.get(Timings.GUEST).nanos() + timings.get("clock").nanos();
            assertThat(timings.get("next_batch").nanos(), is(greaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(245))));
            assertThat(computing, is(greaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(380))));
            assertThat(
                    timings.get(Timings.GUEST).nanos() + sum(timings, HOST_FUNCTIONS),
                    is(timings.get("rb_write").nanos()));
        }
    }

    @Test
    void theDifferenceOfTwoSnapshotsIsWhatHappenedBetweenThem() {
        try (SourceConnector source = Probes.source("{'units': 3}")) {
            StreamPlan plan = source.plan(Probes.STREAM);
            source.read(plan, 0, 1, new Probes.Reader());
            Timings before = source.timings();
            source.read(plan, 1, 3, new Probes.Reader());
            Timings between = source.timings().minus(before);
            assertThat(between.get("emit_batch").count(), is(2L));
            assertThat(between.get("rb_plan"), is(Timing.ZERO));
            assertThat(
                    before.plus(between).get("emit_batch"), is(source.timings().get("emit_batch")));
        }
    }
}
