// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * Where a runner that gives its result only at the end of a job tells of the job when it has submitted it. Who submits on a thread listens on it: the runner
 * makes the object that tells by its class's name, and nothing can be handed to that.
 */
final class Submissions {
    private static final ThreadLocal<Consumer<Job>> LISTENERS = new ThreadLocal<>();

    private Submissions() {}

    /** A job that a runner has submitted. */
    interface Job {
        /** What people find it by. */
        String name();

        /** Tells it to end; complete once the runner has heard of that. */
        CompletionStage<Void> cancel();

        /** Asks the runner whether it has ended for good, well or not; fails when the runner does not say. */
        CompletionStage<Boolean> hasEnded();
    }

    /** Does some work, and tells a listener of the jobs that it submits on this thread. */
    static <T> T listen(Consumer<Job> listener, Work<T> work) {
        LISTENERS.set(listener);
        try {
            return work.submit();
        } finally {
            LISTENERS.remove();
        }
    }

    /** Something that submits jobs. */
    interface Work<T> {
        T submit();
    }

    static void tell(Job job) {
        Consumer<Job> listener = LISTENERS.get();
        if (listener != null) {
            listener.accept(job);
        }
    }
}
