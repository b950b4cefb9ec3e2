// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.instanceOf;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class BatchQueueTest {
    private final ExecutorService other = Executors.newSingleThreadExecutor();

    @AfterEach
    void stop() {
        other.shutdownNow();
    }

    @Test
    void batchesArriveInOrderAndTheEndAfterThem() throws Exception {
        BatchQueue queue = new BatchQueue(3, 1000);
        Future<List<Integer>> taken = other.submit(() -> {
            List<Integer> sequences = new ArrayList<>();
            for (ArrowBatch batch = queue.take(); batch != null; batch = queue.take()) {
                sequences.add(batch.id().sequence());
            }
            return sequences;
        });
        List<Integer> put = new ArrayList<>();
        for (int sequence = 0; sequence < 1000; sequence++) {
            assertThat(queue.put(batch(sequence, 10)), is(true));
            put.add(sequence);
        }
        queue.end();
        assertThat(taken.get(), equalTo(put));
        assertThat(queue.take(), nullValue());
    }

    @Test
    void aFullQueueHoldsThePuttingSideUntilThereIsRoom() throws Exception {
        BatchQueue queue = new BatchQueue(2, 1000);
        queue.put(batch(0, 10));
        queue.put(batch(1, 10));
        Future<Boolean> third = other.submit(() -> queue.put(batch(2, 10)));
        assertThrows(java.util.concurrent.TimeoutException.class, () -> third.get(50, TimeUnit.MILLISECONDS));
        queue.take();
        assertThat(third.get(), is(true));
        assertThat(queue.putWaitNanos(), greaterThan(TimeUnit.MILLISECONDS.toNanos(40)));
    }

    @Test
    void bytesFillTheQueueTooButOneBatchAlwaysPasses() throws Exception {
        BatchQueue queue = new BatchQueue(100, 1000);
        assertThat(queue.put(batch(0, 5000)), is(true));
        Future<Boolean> second = other.submit(() -> queue.put(batch(1, 1)));
        assertThrows(java.util.concurrent.TimeoutException.class, () -> second.get(50, TimeUnit.MILLISECONDS));
        queue.take();
        assertThat(second.get(), is(true));
    }

    @Test
    void closingFreesWhoeverWaitsForRoom() throws Exception {
        BatchQueue queue = new BatchQueue(1, 1000);
        queue.put(batch(0, 10));
        Future<Boolean> waiting = other.submit(() -> queue.put(batch(1, 10)));
        assertThrows(java.util.concurrent.TimeoutException.class, () -> waiting.get(20, TimeUnit.MILLISECONDS));
        queue.close();
        assertThat(waiting.get(), is(false));
        assertThat(queue.put(batch(2, 10)), is(false));
    }

    @Test
    void closingFreesWhoeverWaitsForABatch() {
        BatchQueue queue = new BatchQueue(1, 1000);
        Future<ArrowBatch> waiting = other.submit(queue::take);
        assertThrows(java.util.concurrent.TimeoutException.class, () -> waiting.get(20, TimeUnit.MILLISECONDS));
        queue.close();
        ExecutionException failed = assertThrows(ExecutionException.class, waiting::get);
        assertThat(failed.getCause(), instanceOf(InterruptedException.class));
    }

    @Test
    void anInterruptFreesWhoeverWaits() {
        BatchQueue queue = new BatchQueue(1, 1000);
        Future<ArrowBatch> waiting = other.submit(queue::take);
        other.shutdownNow();
        assertThrows(ExecutionException.class, waiting::get);
    }

    private static ArrowBatch batch(int sequence, int bytes) {
        return ArrowBatch.of(new BatchId("run", "orders", 0, sequence), 1, new byte[bytes]);
    }
}
