// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one thread that looks after all running guests. It only ever decides, closes and interrupts; it never waits. */
final class Watchdog {
    private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);
    private static final ScheduledThreadPoolExecutor THREAD = thread();

    private Watchdog() {}

    static Future<?> schedule(Runnable task, long delayNanos) {
        return THREAD.schedule(() -> run(task), delayNanos, TimeUnit.NANOSECONDS);
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.error("A check of the watchdog failed; the guest it looked after may run longer than it should.", e);
        }
    }

    private static ScheduledThreadPoolExecutor thread() {
        ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "rapidbyte-watchdog");
            thread.setDaemon(true);
            return thread;
        });
        // Nearly every check is cancelled long before it is due.
        executor.setRemoveOnCancelPolicy(true);
        return executor;
    }
}
