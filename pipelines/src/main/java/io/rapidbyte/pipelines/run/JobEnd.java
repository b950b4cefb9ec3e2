// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends a job that runs elsewhere, and finds out whether it has ended. */
final class JobEnd {
    private static final Logger LOG = LoggerFactory.getLogger(JobEnd.class);
    private static final Duration LOOK = Duration.ofMillis(100);

    private JobEnd() {}

    /** Tells a job to end, and waits for nothing; says so when it cannot be told. Throws nothing. */
    static void tellToEnd(Submissions.Job job) {
        answer(job::cancel).whenComplete((done, failure) -> {
            if (failure != null) {
                LOG.warn(
                        "Job {} could not be told to end, and may go on: {}. Cancel it where it runs.",
                        job.name(),
                        failure.getMessage());
            }
        });
    }

    /** Whether it is certain that a job has ended, which is told to end if it has not, within some time. */
    static boolean isCertain(Submissions.Job job, Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        // A client tries again by itself for longer than anyone waits, so that it may not get to cancel the job if the
        // whole time were spent on asking.
        if (hasEnded(job, System.nanoTime() + patience.toNanos() / 2)) {
            return true;
        }
        tellToEnd(job);
        try {
            do {
                if (hasEnded(job, deadline)) {
                    return true;
                }
                TimeUnit.NANOSECONDS.sleep(Math.min(LOOK.toNanos(), Math.max(0, deadline - System.nanoTime())));
            } while (System.nanoTime() < deadline);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    /** Whether the runner says so until then. */
    private static boolean hasEnded(Submissions.Job job, long deadline) {
        try {
            return answer(job::hasEnded).get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("whether job {} has ended was not said", job.name(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    /** What a client answers, which may fail before it has asked. */
    private static <T> CompletableFuture<T> answer(Supplier<CompletionStage<T>> question) {
        try {
            return question.get().toCompletableFuture();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }
}
