// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.beam.runners.direct.DirectOptions;
import org.apache.beam.runners.direct.DirectRunner;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;

/**
 * A runner that a pipeline file can be run with: one of the two that this process knows how to set up, or any other of Beam's that is on
 * the class path. Defaults of ours hold unless an option of Beam says otherwise.
 */
public abstract class RunnerKind {
    /** Beam's Direct runner: the quickest to start, on threads of this process. */
    public static final RunnerKind DIRECT = new Direct();

    /** Flink, embedded in this process unless {@code --flinkMaster} names another. */
    public static final RunnerKind FLINK = new Flink();

    private static final int SPLITS_PER_THREAD = 4;
    private static final int SPLITS_PER_SLOT = 16;

    private final String name;

    private RunnerKind(String name) {
        this.name = requireNonNull(name, "name");
    }

    /** Thrown when a runner is asked for that this process does not have; the message is a sentence for people. */
    public static final class UnavailableRunnerException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        UnavailableRunnerException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * The runner with a name.
     *
     * @param name {@code direct} or {@code flink}, in any case, or the name of a runner's class as Beam takes it: whole, or without its package
     *     when the runner has registered itself
     * @throws UnavailableRunnerException when there is none of that name on the class path
     */
    public static RunnerKind of(String name) {
        for (RunnerKind known : List.of(DIRECT, FLINK)) {
            if (known.isCalled(name)) {
                return known;
            }
        }
        return new Other(name);
    }

    /** Returns its short name, for people and for {@code --runner}. */
    public final String name() {
        return name;
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
     * Whether all workers are in this process, so that they reach the files of this machine.
     *
     * @param beamOptions what was said of Beam's options, each {@code --name=value}
     */
    boolean worksInThisProcess(List<String> beamOptions) {
        BeamOptions said = BeamOptions.of(beamOptions);
        return this == DIRECT || this == FLINK && !said.has("flinkMaster");
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
     * @param beamOptions options for Beam, each {@code --name=value}, which come before ours
     * @throws UnavailableRunnerException when the runner is not on the class path
     * @throws BeamOptions.RefusedException when Beam does not take the options
     */
    abstract PipelineOptions options(int parallelism, FlinkFolder folder, List<String> beamOptions);

    /** The same with nothing said for Beam. */
    final PipelineOptions options(int parallelism, FlinkFolder folder) {
        return options(parallelism, folder, List.of());
    }

    /** Whether this is meant by a name: its short one, or that of its class. */
    private boolean isCalled(String other) {
        String simple = other.substring(other.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        boolean whole = other.contains(".");
        return whole
                ? other.equals("org.apache.beam.runners." + name + "." + className())
                : simple.equals(name) || simple.equals(name + "runner");
    }

    private String className() {
        return Character.toUpperCase(name.charAt(0)) + name.substring(1) + "Runner";
    }

    @Override
    public final String toString() {
        return name;
    }

    private static final class Direct extends RunnerKind {
        private Direct() {
            super("direct");
        }

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
        PipelineOptions options(int parallelism, FlinkFolder folder, List<String> beamOptions) {
            BeamOptions said = BeamOptions.of(beamOptions);
            DirectOptions options = said.create(List.of()).as(DirectOptions.class);
            options.setRunner(DirectRunner.class);
            if (!said.has("targetParallelism")) {
                options.setTargetParallelism(parallelism);
            }
            // These two encode and decode every batch several times over to find DoFns that break Beam's rules. Ours
            // are
            // tested with them; a run for its data has no use for them.
            if (!said.has("enforceImmutability")) {
                options.setEnforceImmutability(false);
            }
            if (!said.has("enforceEncodability")) {
                options.setEnforceEncodability(false);
            }
            // Whoever watches the run waits for it.
            options.setBlockOnRun(false);
            return options;
        }
    }

    private static final class Flink extends RunnerKind {
        private Flink() {
            super("flink");
        }

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
        PipelineOptions options(int parallelism, FlinkFolder folder, List<String> beamOptions) {
            try {
                Class.forName("org.apache.beam.runners.flink.FlinkRunner");
            } catch (ClassNotFoundException e) {
                throw new UnavailableRunnerException(
                        "The Flink runner is not on the class path: start with the ./rapidbyte launcher, which adds it for"
                                + " --runner flink, or add org.apache.beam:beam-runners-flink-1.19 in the version of Beam's core.",
                        e);
            }
            BeamOptions said = BeamOptions.of(beamOptions);
            List<String> ours = new ArrayList<>(List.of("--runner=FlinkRunner", "--parallelism=" + parallelism));
            if (!said.has("flinkMaster")) {
                ours.add("--flinkMaster=[local]");
            }
            // A cluster of somebody else's has a configuration of its own.
            boolean isConfigured = said.has("flinkMaster") || said.has("flinkConfDir");
            if (!isConfigured) {
                ours.add("--flinkConfDir=" + folder.embedded());
            }
            PipelineOptions options = said.create(ours);
            if (isConfigured) {
                folder.extend(options);
            }
            return options;
        }
    }

    /** A runner that nothing is known of. */
    private static final class Other extends RunnerKind {
        private Other(String name) {
            super(name);
            try {
                PipelineOptionsFactory.fromArgs("--runner=" + name).create();
            } catch (IllegalArgumentException e) {
                throw new UnavailableRunnerException(
                        "There is no runner '" + name
                                + "': expected direct, flink, or the name of a class on the class path that is a runner of Beam.",
                        e);
            }
        }

        @Override
        boolean isWatchable() {
            // Not all of them can be asked, and some refuse.
            return false;
        }

        @Override
        int maxInitialSplits(int parallelism) {
            return SPLITS_PER_SLOT * parallelism;
        }

        @Override
        PipelineOptions options(int parallelism, FlinkFolder folder, List<String> beamOptions) {
            return BeamOptions.of(beamOptions).create(List.of("--runner=" + name()));
        }
    }
}
