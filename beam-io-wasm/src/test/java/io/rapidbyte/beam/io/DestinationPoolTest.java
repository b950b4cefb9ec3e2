// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.sameInstance;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.DestinationConnector;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class DestinationPoolTest {
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5);

    @Test
    void aSessionThatWaitedForLongIsClosedAndNotHandedOut() {
        try (DestinationPool pool = new DestinationPool(Probe.destination(Map.of()), clock::get)) {
            DestinationPool.Lease lease = pool.take(Probe.RUN, "orders");
            assertThat(isOpen(lease), is(true));
            pool.give(lease);
            clock.addAndGet(TimeUnit.SECONDS.toNanos(29));
            assertThat("not for long", pool.take(Probe.RUN, "orders"), is(sameInstance(lease)));
            pool.give(lease);
            clock.addAndGet(TimeUnit.SECONDS.toNanos(31));

            DestinationPool.Lease another = pool.take(Probe.RUN, "orders");

            assertThat(another, is(not(sameInstance(lease))));
            assertThrows(ConnectorException.class, () -> isOpen(lease));
            another.session().close();
        }
    }

    private static boolean isOpen(DestinationPool.Lease lease) {
        return lease.session().call(DestinationConnector::isUsable);
    }
}
