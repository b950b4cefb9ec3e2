// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import io.rapidbyte.benchmarks.compare.CommitBuild;
import io.rapidbyte.benchmarks.compare.Selection;
import io.rapidbyte.benchmarks.result.Environment;
import io.rapidbyte.benchmarks.result.Iteration;
import io.rapidbyte.benchmarks.result.ResultsFile;
import io.rapidbyte.benchmarks.run.Machine;
import io.rapidbyte.benchmarks.run.RunListener;
import io.rapidbyte.benchmarks.run.ScenarioRun.WrongCopyException;
import io.rapidbyte.benchmarks.scenario.Scenario;
import io.rapidbyte.benchmarks.worker.Build;
import io.rapidbyte.benchmarks.worker.WorkerMain;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;

/** Two commits that are built and measure a scenario in turn, so that what disturbs the machine disturbs both. */
final class CommitMeasurement {
    /** What the names of contenders begin with that are the code of a commit; peers are the same in all of them. */
    private static final String OWN = "rapidbyte";

    private final Build present = Machine.ownBuild();
    private final MeasureOptionsMixin options;
    private final ResultsFile results;
    private final RunListener listener;

    CommitMeasurement(MeasureOptionsMixin options, ResultsFile results) {
        this.options = options;
        this.results = results;
        this.listener = options.printer();
    }

    /**
     * Builds and measures.
     *
     * @return the iterations of this measurement
     * @throws IllegalArgumentException when a commit or the scenario cannot be compared; a sentence
     * @throws IOException when there is no such commit, it cannot be built, or a copy failed
     */
    Selection measure(String scenarioName, String base, String candidate)
            throws IOException, SQLException, InterruptedException, WrongCopyException {
        Scenario scenario = own(options.scenario(scenarioName));
        // Before the builds, which take minutes.
        String baseVersion = version(base);
        String candidateVersion = version(candidate);
        if (baseVersion.equals(candidateVersion)) {
            throw new IllegalArgumentException("Both '" + base + "' and '" + candidate + "' are the version "
                    + baseVersion + ", and the results could not tell them apart; name two that differ.");
        }
        try (CommitBuild baseline = build(base);
                CommitBuild other = build(candidate)) {
            List<Build> builds = List.of(measurable(base, baseline), measurable(candidate, other));
            List<Iteration> iterations = options.measure(scenario, builds, results, List.of(), listener);
            return Selection.ofCommits(iterations, baseVersion, candidateVersion);
        }
    }

    /** The scenario without its peers, unless the user named the contenders. */
    private Scenario own(Scenario scenario) {
        if (options.namesContenders()) {
            return scenario;
        }
        List<String> own = scenario.contenders().stream()
                .map(Scenario.Entry::contender)
                .filter(name -> name.startsWith(OWN))
                .toList();
        if (own.isEmpty()) {
            throw new IllegalArgumentException("The scenario " + scenario.name()
                    + " has no contender of Rapidbyte's own, and peers do not depend on the commit;"
                    + " name what is to be measured with --only.");
        }
        return scenario.among(own);
    }

    private String version(String name) throws IOException, InterruptedException {
        String commit = CommitBuild.resolve(present.tree(), name);
        return CommitBuild.isPresent(name) && present.dirty() ? commit + Environment.DIRTY : commit;
    }

    private CommitBuild build(String name) throws IOException, InterruptedException {
        if (!CommitBuild.isPresent(name)) {
            listener.progress("building " + name);
        }
        return CommitBuild.of(present.tree(), name);
    }

    private Build measurable(String name, CommitBuild built) throws IOException {
        if (CommitBuild.isPresent(name)) {
            return present;
        }
        if (!hasWorker(built.classPath())) {
            throw new IllegalArgumentException("The commit " + name
                    + " is from before this harness existed and has no " + WorkerMain.class.getName()
                    + ": choose a later one.");
        }
        // Its work tree is on no branch.
        return new Build(built.commit(), "HEAD", false, built.tree(), built.classPath());
    }

    static boolean hasWorker(List<Path> classPath) throws IOException {
        URL[] places = new URL[classPath.size()];
        for (int i = 0; i < places.length; i++) {
            places[i] = classPath.get(i).toUri().toURL();
        }
        // Without a parent, which would find the class of this process.
        try (URLClassLoader loader = new URLClassLoader(places, null)) {
            return loader.findResource(WorkerMain.class.getName().replace('.', '/') + ".class") != null;
        }
    }
}
