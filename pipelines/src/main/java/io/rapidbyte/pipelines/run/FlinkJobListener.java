// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.JobListener;
import org.apache.flink.runtime.minicluster.MiniClusterJobClient;

/**
 * Tells of the jobs that Flink has submitted: Beam's runner waits for a job's end before it returns, and who is to cancel the job needs to know of it before.
 * Flink makes it, by its name in {@link FlinkFolder}'s configuration.
 */
public final class FlinkJobListener implements JobListener {
    /** Made by Flink. */
    public FlinkJobListener() {}

    private record FlinkJob(JobClient client) implements Submissions.Job {
        @Override
        public String name() {
            return client.getJobID().toString();
        }

        @Override
        public CompletionStage<Void> cancel() {
            return client.cancel();
        }

        @Override
        public CompletionStage<Boolean> hasEnded() {
            if (client instanceof MiniClusterJobClient) {
                // Who was waiting for it has the job's own word, and its cluster, which is in this process, is shut
                // down by then.
                return CompletableFuture.completedFuture(true);
            }
            return client.getJobStatus().thenApply(JobStatus::isGloballyTerminalState);
        }
    }

    @Override
    public void onJobSubmitted(JobClient client, Throwable failure) {
        if (client != null) {
            Submissions.tell(new FlinkJob(client));
        }
    }

    @Override
    public void onJobExecuted(JobExecutionResult result, Throwable failure) {
        // Whoever runs the graph hears of it there.
    }
}
