// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.IOException;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a guest left to be said to a server when its connection is aborted: that the server may stop what it does for it. It goes to the address
 * that the guest was granted, and nobody waits for it.
 */
final class LastWords {
    static final int MAX_BYTES = 1_024;

    private static final int TIMEOUT_MILLIS = 2_000;
    private static final Logger LOG = LoggerFactory.getLogger(LastWords.class);
    private static final int MAX_THREADS = 4;
    private static final int MAX_WAITING = 64;

    /** Of more than can be said soon, the rest is left unsaid: servers notice closed connections by themselves, if later. */
    private static final ExecutorService THREADS = threads();

    private LastWords() {}

    private static ExecutorService threads() {
        ThreadPoolExecutor threads = new ThreadPoolExecutor(
                MAX_THREADS,
                MAX_THREADS,
                10,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(MAX_WAITING),
                task -> {
                    Thread thread = new Thread(task, "rapidbyte-last-words");
                    thread.setDaemon(true);
                    return thread;
                },
                new ThreadPoolExecutor.DiscardPolicy());
        threads.allowCoreThreadTimeOut(true);
        return threads;
    }

    /** Says it soon, or not at all: whoever aborts connections has others to abort. */
    static void send(SocketAddress server, byte[] words) {
        try {
            say(server, words);
        } catch (OutOfMemoryError e) {
            LOG.debug("There is no thread to tell {} that a connection was aborted.", server, e);
        }
    }

    private static void say(SocketAddress server, byte[] words) {
        THREADS.execute(() -> {
            // Not through a proxy that the process may have set: the connection that was checked has gone straight.
            try (Socket socket = new Socket(Proxy.NO_PROXY)) {
                socket.connect(server, TIMEOUT_MILLIS);
                socket.setSoTimeout(TIMEOUT_MILLIS);
                socket.getOutputStream().write(words);
                // A server that was heard hangs up; closing before could take the words away from it.
                if (socket.getInputStream().read() >= 0) {
                    LOG.debug("{} answers a request that asks for no answer.", server);
                }
            } catch (IOException e) {
                LOG.debug("{} could not be asked to stop what it does for a connection that was aborted.", server, e);
            }
        });
    }
}
