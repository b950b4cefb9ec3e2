// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines;

import io.rapidbyte.pipelines.cli.Console;
import io.rapidbyte.pipelines.cli.Rapidbyte;
import io.rapidbyte.pipelines.run.ExitHooks;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The entry point of the process, and the one place that ends it. */
public final class Main {
    private static final Logger LOG = LoggerFactory.getLogger(Main.class);

    /** How long a command may take to say that it was interrupted, once what it had registered has been cleaned up. */
    private static final long LAST_WORDS_MILLIS = 200;

    /** How long it may take to end what it is doing when nothing was registered for it, and it has to be told. */
    private static final long PATIENCE_MILLIS = 1_500;

    private Main() {}

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] arguments) {
        CountDownLatch done = new CountDownLatch(1);
        // Registered first, so it runs last: a command that is interrupted still gets to say so.
        Thread command = Thread.currentThread();
        ExitHooks.register(() -> end(command, done));
        int code = new Rapidbyte(Console.ofProcess(), System::getenv).run(arguments);
        done.countDown();
        // A runner's threads that fail while the process ends do so to nobody's loss, and the default is a stack trace.
        Thread.setDefaultUncaughtExceptionHandler(
                (thread, e) -> LOG.debug("{} failed at the end", thread.getName(), e));
        // Runners leave threads behind that would keep the process alive.
        // CHECKSTYLE:OFF
        System.exit(code);
        // CHECKSTYLE:ON
    }

    /** A connector that waits for its server is cancelled by an interrupt, and the server is told so. */
    private static void end(Thread command, CountDownLatch done) {
        try {
            if (!done.await(LAST_WORDS_MILLIS, TimeUnit.MILLISECONDS)) {
                command.interrupt();
                done.await(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
