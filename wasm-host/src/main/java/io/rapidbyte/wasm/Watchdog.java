// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that looks after all running guests. It only ever decides, closes and interrupts; it never waits. It is there while there is
 * something to look after: a thread that stayed would keep the class loader of a job that ended, on runners that give each job its own.
 */
final class Watchdog {
    private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);
    private static final ScheduledThreadPoolExecutor THREAD = thread(Duration.ofSeconds(10));

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

    /** A thread that ends when there was nothing to look after for so long, and begins anew when there is. */
    static ScheduledThreadPoolExecutor thread(Duration idle) {
        ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "rapidbyte-watchdog");
            thread.setDaemon(true);
            return thread;
        });
        // Nearly every check is cancelled long before it is due.
        executor.setRemoveOnCancelPolicy(true);
        executor.setKeepAliveTime(idle.toNanos(), TimeUnit.NANOSECONDS);
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }
}
