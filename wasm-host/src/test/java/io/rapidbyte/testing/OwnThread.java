// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.testing;

import java.util.concurrent.Executor;

/**
 * Starts a thread for each task. {@code CompletableFuture} runs what it is not given an executor for in the common pool, which since Java 25
 * has one thread on a machine of two cores: two tasks that wait for each other then wait for ever.
 */
public final class OwnThread {
    /** Daemon threads: a test that failed does not keep its process alive. */
    public static final Executor EACH = task -> {
        Thread thread = new Thread(task, "task of a test");
        thread.setDaemon(true);
        thread.start();
    };

    private OwnThread() {}
}
