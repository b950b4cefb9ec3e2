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
        int maxInitialSplits(int parallelism) {
            // Its threads take the next piece when they are done with one: a few each are an even load. Each piece is a
            // bundle at least,
            // and keeps the runner's watermarks busy; 8 instead of 32 on two threads save 5 % of a run.
            return SPLITS_PER_THREAD * parallelism;
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
        int maxInitialSplits(int parallelism) {
            // It gives pieces to slots by hash and never splits again: the more, the more even.
            return SPLITS_PER_SLOT * parallelism;
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

    private static final int SPLITS_PER_THREAD = 4;
    private static final int SPLITS_PER_SLOT = 16;

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
     * Whether each stream has a graph of its own: where a graph costs next to nothing, one that fails then takes no other with it. Where it is a job of
     * a cluster, all streams are one.
     */
    boolean runsStreamsApart() {
        return this == DIRECT;
    }

    /**
     * Returns into how many pieces a stream is cut at most before reading begins.
     *
     * @param parallelism threads that work at once
     */
    abstract int maxInitialSplits(int parallelism);

    /**
     * Returns Beam's options for this runner.
     *
     * @param parallelism threads that work at once
     * @param folder where the configuration of an embedded Flink is; the other runners do not look at it
     * @throws UnavailableRunnerException when the runner is not on the class path
     */
    abstract PipelineOptions options(int parallelism, FlinkFolder folder);
}
