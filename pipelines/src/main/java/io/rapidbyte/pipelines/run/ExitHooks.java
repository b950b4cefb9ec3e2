// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What must be done when the process is told to end, by Ctrl-C or SIGTERM for instance, in the reverse of the order it was
 * registered: the JVM would run its own hooks all at once, and a server would be gone before the run that uses it was
 * cleaned up.
 */
public final class ExitHooks {
    private static final Logger LOG = LoggerFactory.getLogger(ExitHooks.class);
    private static final Deque<Registration> REGISTERED = new ArrayDeque<>();

    /** The thread on which the Java virtual machine ends the process for a signal; the supported API does not tell the signal otherwise. */
    private static final String TERMINATING_THREAD = "SIGTERM handler";

    private static boolean installed;
    private static volatile boolean ending;
    private static volatile boolean terminated;

    private ExitHooks() {}

    /** An action that waits for the end of the process; closing it takes it back. */
    public static final class Registration implements AutoCloseable {
        private final Runnable action;

        private Registration(Runnable action) {
            this.action = action;
        }

        /** Takes the action back: it will not run. */
        @Override
        public void close() {
            synchronized (REGISTERED) {
                REGISTERED.remove(this);
            }
        }
    }

    /** Registers an action; it should end within seconds. */
    public static Registration register(Runnable action) {
        Registration registration = new Registration(action);
        synchronized (REGISTERED) {
            if (!installed) {
                Runtime.getRuntime().addShutdownHook(new Thread(ExitHooks::runAll, "exit-hooks"));
                installed = true;
            }
            REGISTERED.push(registration);
        }
        return registration;
    }

    /** Whether the process has been told to end: what fails now fails for that reason. */
    public static boolean isProcessEnding() {
        return ending;
    }

    /** Whether it was SIGTERM that told it to, as schedulers and containers send it; the process then ends with 143, whatever it asks for. */
    public static boolean isTerminated() {
        return terminated;
    }

    private static void runAll() {
        terminated = Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().equals(TERMINATING_THREAD));
        ending = true;
        for (Registration next = poll(); next != null; next = poll()) {
            try {
                next.action.run();
            } catch (RuntimeException e) {
                LOG.warn("Cleaning up at the end of the process failed.", e);
            }
        }
    }

    private static Registration poll() {
        synchronized (REGISTERED) {
            return REGISTERED.poll();
        }
    }
}
