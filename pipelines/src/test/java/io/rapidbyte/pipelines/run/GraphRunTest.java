// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.sameInstance;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A runner fails, and its job on a cluster may or may not have ended with that. */
@Timeout(60)
class GraphRunTest {
    private static final Duration LONG = Duration.ofMinutes(1);
    private static final Duration SHORT = Duration.ofMillis(20);

    private final RuntimeException failure = new IllegalStateException("the cluster does not answer");

    /** A job of a cluster, as its client tells of it. */
    private static final class Job implements Submissions.Job {
        private final Supplier<CompletionStage<Boolean>> status;
        private final Supplier<CompletionStage<Void>> cancellation;
        private int cancelled;

        Job(Supplier<CompletionStage<Boolean>> status, Supplier<CompletionStage<Void>> cancellation) {
            this.status = status;
            this.cancellation = cancellation;
        }

        @Override
        public String name() {
            return "job-17";
        }

        @Override
        public CompletionStage<Void> cancel() {
            cancelled++;
            return cancellation.get();
        }

        @Override
        public CompletionStage<Boolean> hasEnded() {
            return status.get();
        }
    }

    @Test
    void aJobThatHasEndedFailsWithWhatTheRunnerSays() {
        Job job = new Job(() -> CompletableFuture.completedFuture(true), GraphRunTest::done);

        assertThat(failureOf(job, LONG), is(sameInstance(failure)));
        assertThat(job.cancelled, is(0));
    }

    @Test
    void aJobThatGoesOnIsCancelledAndWaitedFor() {
        Job[] jobs = new Job[1];
        int[] asked = {0};
        jobs[0] = new Job(
                () -> CompletableFuture.completedFuture(jobs[0].cancelled > 0 && ++asked[0] > 1), GraphRunTest::done);

        assertThat(failureOf(jobs[0], LONG), is(sameInstance(failure)));
        assertThat(jobs[0].cancelled, is(1));
    }

    @Test
    void aJobThatDoesNotEndIsLost() {
        assertIsLost(new Job(() -> CompletableFuture.completedFuture(false), GraphRunTest::done));
    }

    @Test
    void aJobOfWhichNothingIsSaidIsLost() {
        assertIsLost(new Job(CompletableFuture::new, CompletableFuture::new));
    }

    @Test
    void aJobThatCannotBeAskedForIsLost() {
        assertIsLost(new Job(
                () -> CompletableFuture.failedFuture(new IllegalStateException("no route")),
                () -> CompletableFuture.failedFuture(new IllegalStateException("no route"))));
    }

    @Test
    void aJobWhoseClientIsBrokenIsLost() {
        assertIsLost(new Job(GraphRunTest::broken, GraphRunTest::broken));
    }

    @Test
    void whatWasNeverSubmittedIsNotLost() {
        assertThat(failureOf(null, LONG), is(sameInstance(failure)));
    }

    /** Others are to be cancelled after it. */
    @Test
    void aClientThatIsBrokenDoesNotKeepFromGoingOn() {
        Job job = new Job(() -> CompletableFuture.completedFuture(true), GraphRunTest::broken);
        GraphRun run = new GraphRun(List.of(), false, LONG);

        Throwable thrown = assertThrows(
                RuntimeException.class,
                () -> run.run(graph(() -> {
                    Submissions.tell(job);
                    run.cancel();
                    throw failure;
                })));

        assertThat(thrown, is(sameInstance(failure)));
        assertThat(job.cancelled, is(1));
    }

    private void assertIsLost(Job job) {
        Throwable lost = failureOf(job, SHORT);

        assertThat(lost.getClass(), is(JobLostException.class));
        assertThat(
                lost.getMessage(),
                allOf(containsString("job-17"), containsString("cancel it there, before the pipeline is run again")));
        assertThat(lost.getCause(), is(sameInstance(failure)));
        assertThat(job.cancelled, is(1));
    }

    private Throwable failureOf(Job job, Duration patience) {
        return assertThrows(
                RuntimeException.class,
                () -> new GraphRun(List.of(), false, patience).run(graph(() -> {
                    if (job != null) {
                        Submissions.tell(job);
                    }
                    throw failure;
                })));
    }

    private static CompletionStage<Void> done() {
        return CompletableFuture.completedFuture(null);
    }

    private static <T> T broken() {
        throw new IllegalStateException("the client is closed");
    }

    private static Pipeline graph(Supplier<PipelineResult> runner) {
        return new Pipeline(PipelineOptionsFactory.create()) {
            @Override
            public PipelineResult run() {
                return runner.get();
            }
        };
    }
}
