// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import org.apache.beam.runners.direct.DirectOptions;
import org.apache.beam.runners.direct.DirectRunner;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;

/** The runners that a pipeline file can be run with in this process. */
public enum RunnerKind {
    /** Beam's Direct runner: the quickest to start, on threads of this process. */
    DIRECT {
        @Override
        boolean isWatchable() {
            return true;
        }

        @Override
        PipelineOptions options(int parallelism, FlinkFolder folder) {
            DirectOptions options = PipelineOptionsFactory.as(DirectOptions.class);
            options.setRunner(DirectRunner.class);
            options.setTargetParallelism(parallelism);
            // These two encode and decode every batch several times over to find DoFns that break Beam's rules. Ours
            // are
            // tested with them; a run for its data has no use for them.
            options.setEnforceImmutability(false);
            options.setEnforceEncodability(false);
            options.setBlockOnRun(false);
            return options;
        }
    },

    /** Flink, embedded in this process. */
    FLINK {
        @Override
        boolean isWatchable() {
            // Its metrics are there once the job has ended.
            return false;
        }

        @Override
        PipelineOptions options(int parallelism, FlinkFolder folder) {
            try {
                Class.forName("org.apache.beam.runners.flink.FlinkRunner");
            } catch (ClassNotFoundException e) {
                throw new UnavailableRunnerException(
                        "The Flink runner is not on the class path: start with the ./rapidbyte launcher, which adds it for"
                                + " --runner flink, or add org.apache.beam:beam-runners-flink-1.19 in the version of Beam's core.",
                        e);
            }
            return PipelineOptionsFactory.fromArgs(
                            "--runner=FlinkRunner",
                            "--flinkMaster=[local]",
                            "--flinkConfDir=" + folder.path(),
                            "--parallelism=" + parallelism)
                    .withValidation()
                    .create();
        }
    };

    /** Thrown when a runner is asked for that this process does not have; the message is a sentence for people. */
    public static final class UnavailableRunnerException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        UnavailableRunnerException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** Whether metrics can be had while a pipeline runs. */
    abstract boolean isWatchable();

    /**
     * Returns Beam's options for this runner.
     *
     * @param parallelism threads that work at once
     * @param folder where the configuration of an embedded Flink is; the other runners do not look at it
     * @throws UnavailableRunnerException when the runner is not on the class path
     */
    abstract PipelineOptions options(int parallelism, FlinkFolder folder);
}
