// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.both;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.testing.PAssert;
import org.apache.beam.sdk.testing.TestPipeline;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One table, two threads: each reading thread waits inside of its read until another one is inside of its own. */
@Timeout(90)
class ParallelReadTest {
    private static final Map<TestRunner, Meeting> MEETINGS = new HashMap<>();

    @ParameterizedTest
    @EnumSource
    void twoThreadsReadOneTableAtTheSameTime(TestRunner runner) {
        MEETINGS.put(runner, new Meeting());
        TestPipeline pipeline = runner.pipeline();
        PCollection<ArrowBatch> batches = pipeline.apply(
                        Probe.read(Map.of("units", 64, "rows_per_batch", 10)).withStream("orders"))
                .setCoder(new InsideRead.WatchingCoder(
                        batch -> MEETINGS.get(runner).join(batch)))
                .apply(ParDo.of(new InsideRead.WatchingDoFn(
                        batch -> MEETINGS.get(runner).join(batch))))
                .setCoder(ArrowBatchCoder.of());
        PAssert.that(ReadPipelineTest.described(batches))
                .containsInAnyOrder(ReadPipelineTest.expected("orders", 64, 1, 10));
        PipelineResult result = pipeline.run();
        result.waitUntilFinish();

        assertThat("threads that met", MEETINGS.get(runner).threads, hasSize(greaterThanOrEqualTo(2)));
        StreamReport orders = RunReport.of(result).streams().get("orders");
        long workers = orders.get(RapidbyteMetrics.SOURCE_WORKERS);
        long most = orders.get(RapidbyteMetrics.SOURCE_WORKER_RECORDS_MAX);
        assertThat(workers, is(greaterThanOrEqualTo(2L)));
        assertThat(
                "rows of the busiest of " + workers,
                most,
                is(both(lessThan(640L)).and(greaterThanOrEqualTo(640 / workers))));
    }

    private static final class Meeting {
        private final Set<Long> threads = ConcurrentHashMap.newKeySet();
        private final CountDownLatch two = new CountDownLatch(2);

        void join(ArrowBatch batch) {
            if (threads.add(Thread.currentThread().getId())) {
                two.countDown();
                try {
                    if (!two.await(30, TimeUnit.SECONDS)) {
                        throw new IllegalStateException(
                                "No second thread came while the first one read " + batch + ".");
                    }
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }
}
