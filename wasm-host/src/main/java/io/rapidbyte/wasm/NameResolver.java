// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Resolves names on threads of its own: the JDK's resolution ends neither by an interrupt nor by a timeout. */
final class NameResolver {
    private static final int MAX_THREADS = 32;
    private static final Executor THREADS = threads();

    private NameResolver() {}

    /** A resolution in progress; completing it exceptionally makes {@link #await} return. */
    static CompletableFuture<InetAddress[]> start(String host) {
        CompletableFuture<InetAddress[]> result = new CompletableFuture<>();
        THREADS.execute(() -> {
            try {
                result.complete(InetAddress.getAllByName(host));
            } catch (UnknownHostException | SecurityException e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    static InetAddress[] await(CompletableFuture<InetAddress[]> resolution, long timeoutMillis)
            throws InterruptedException, ExecutionException, TimeoutException {
        return resolution.get(timeoutMillis, TimeUnit.MILLISECONDS);
    }

    private static Executor threads() {
        return new ThreadPoolExecutor(
                0,
                MAX_THREADS,
                30,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                task -> {
                    Thread thread = new Thread(task, "rapidbyte-resolver");
                    thread.setDaemon(true);
                    return thread;
                },
                // All threads hang in a name server that does not answer: whoever asks next waits for it himself.
                new ThreadPoolExecutor.CallerRunsPolicy());
    }
}
