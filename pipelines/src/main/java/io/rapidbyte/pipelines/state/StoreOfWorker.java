// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The store of one instance of a DoFn: opened when it is first needed, since most instances never need it.
 *
 * <p>A store that cannot be reached at the moment is tried again here, where what is to be written down is at hand. A bundle that failed would come
 * again from before the stream was written.
 */
final class StoreOfWorker {
    private static final Logger LOG = LoggerFactory.getLogger(StoreOfWorker.class);

    private final StateLocation location;
    private final List<Duration> waits;
    private final CountDownLatch closed = new CountDownLatch(1);
    private StateStore store;

    /**
     * Of this store.
     *
     * @param waits how long to wait after each failure before it is tried again, as often as there are waits
     */
    StoreOfWorker(StateLocation location, List<Duration> waits) {
        this.location = location;
        this.waits = waits;
    }

    /**
     * Writes something down, which can be written twice.
     *
     * @throws StateException when that cannot be done, or could not be in all the time there was
     */
    void write(Consumer<StateStore> work) {
        for (int failures = 0; ; failures++) {
            try {
                if (store == null) {
                    store = StateStores.open(location);
                }
                work.accept(store);
                return;
            } catch (StateUnavailableException e) {
                if (failures >= waits.size() || !hasWaited(waits.get(failures), e, failures + 1)) {
                    throw e;
                }
            }
        }
    }

    /** False when it was interrupted or closed. */
    private boolean hasWaited(Duration wait, StateUnavailableException failure, int failures) {
        LOG.info(String.format(
                Locale.ROOT,
                "%s Trying again in %.1f s (%d of %d).",
                failure.getMessage(),
                wait.toMillis() / 1e3,
                failures,
                waits.size()));
        try {
            return !closed.await(wait.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    void close() {
        closed.countDown();
        if (store != null) {
            store.close();
            store = null;
        }
    }
}
