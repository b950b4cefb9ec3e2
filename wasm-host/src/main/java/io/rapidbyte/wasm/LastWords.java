// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
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
    private static final ExecutorService THREADS = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "rapidbyte-last-words");
        thread.setDaemon(true);
        return thread;
    });

    private LastWords() {}

    static void send(SocketAddress server, byte[] words) {
        THREADS.execute(() -> {
            try (Socket socket = new Socket()) {
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
