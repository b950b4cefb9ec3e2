// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.compare;

import io.rapidbyte.benchmarks.result.Environment;
import io.rapidbyte.benchmarks.result.Iteration;
import io.rapidbyte.benchmarks.result.Series;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Two groups of iterations that are to be compared.
 *
 * @param baselineName what people call the one
 * @param baseline its iterations, in the order of the results
 * @param candidateName what people call the other
 * @param candidate its iterations, in the order of the results
 */
public record Selection(
        String baselineName, List<Iteration> baseline, String candidateName, List<Iteration> candidate) {
    private static final int SHORT_COMMIT = 10;

    public Selection {
        baseline = List.copyOf(baseline);
        candidate = List.copyOf(candidate);
    }

    /**
     * The iterations of two commits. Of a series that some run measured for both, only such runs count: there the two took turns, and what
     * else the machine did met both.
     *
     * @param iterations to choose from
     * @param baseline the beginning of a commit's name; {@code -dirty} at the end stands for a tree that differed from it
     * @param candidate the same for the other
     * @throws IllegalArgumentException when a name stands for no commit or several, or both stand for the same one; a sentence that says
     *     which there are
     */
    public static Selection ofCommits(List<Iteration> iterations, String baseline, String candidate) {
        String base = find(iterations, baseline);
        String other = find(iterations, candidate);
        if (base.equals(other)) {
            throw new IllegalArgumentException("Both '" + baseline + "' and '" + candidate + "' are the version "
                    + shorten(base) + "; name two that differ, or compare runs with --last.");
        }
        List<Iteration> chosen = new ArrayList<>();
        for (Series series : Series.of(iterations)) {
            Set<String> shared = runsOf(series, base);
            shared.retainAll(runsOf(series, other));
            series.iterations().stream()
                    .filter(iteration -> shared.isEmpty() || shared.contains(iteration.run()))
                    .forEach(chosen::add);
        }
        return new Selection(
                shorten(base),
                filter(chosen, iteration -> version(iteration).equals(base)),
                shorten(other),
                filter(chosen, iteration -> version(iteration).equals(other)));
    }

    /**
     * The last runs of each series, and as many before them.
     *
     * @param iterations to choose from
     * @param runs how many runs, above zero
     * @throws IllegalArgumentException when no series was measured in more runs than that; a sentence
     */
    public static Selection ofLastRuns(List<Iteration> iterations, int runs) {
        if (runs < 1) {
            throw new IllegalArgumentException("--last is " + runs + "; expected a number above zero.");
        }
        List<Iteration> baseline = new ArrayList<>();
        List<Iteration> candidate = new ArrayList<>();
        for (Series series : Series.of(iterations)) {
            List<String> all = List.copyOf(series.runs());
            if (all.size() <= runs) {
                continue;
            }
            List<String> last = all.subList(all.size() - runs, all.size());
            List<String> before = all.subList(Math.max(0, all.size() - 2 * runs), all.size() - runs);
            baseline.addAll(filter(series.iterations(), iteration -> before.contains(iteration.run())));
            candidate.addAll(filter(series.iterations(), iteration -> last.contains(iteration.run())));
        }
        if (candidate.isEmpty()) {
            throw new IllegalArgumentException(
                    "No series was measured in more than " + runs + (runs == 1 ? " run" : " runs")
                            + ", so there is nothing before to compare with; measure once more.");
        }
        return new Selection(
                runs == 1 ? "the run before" : "the runs before",
                baseline,
                runs == 1 ? "the last run" : "the last " + runs + " runs",
                candidate);
    }

    private static List<Iteration> filter(List<Iteration> iterations, Predicate<Iteration> wanted) {
        return iterations.stream().filter(wanted).toList();
    }

    private static Set<String> runsOf(Series series, String version) {
        return series.iterations().stream()
                .filter(iteration -> version(iteration).equals(version))
                .map(Iteration::run)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static String version(Iteration iteration) {
        return iteration.environment().version();
    }

    private static String find(List<Iteration> iterations, String name) {
        boolean dirty = name.endsWith(Environment.DIRTY);
        String prefix = dirty ? name.substring(0, name.length() - Environment.DIRTY.length()) : name;
        SortedSet<String> versions = new TreeSet<>();
        iterations.forEach(iteration -> versions.add(version(iteration)));
        List<String> found = versions.stream()
                .filter(version -> version.startsWith(prefix) && version.endsWith(Environment.DIRTY) == dirty)
                .toList();
        if (prefix.isEmpty() || found.size() != 1) {
            throw new IllegalArgumentException("The results have "
                    + (found.isEmpty() ? "no iterations" : "several versions") + " of '" + name + "'; there are "
                    + versions.stream().map(Selection::shorten).collect(Collectors.joining(", ")) + ".");
        }
        return found.get(0);
    }

    private static String shorten(String version) {
        String commit = version.endsWith(Environment.DIRTY)
                ? version.substring(0, version.length() - Environment.DIRTY.length())
                : version;
        return commit.substring(0, Math.min(SHORT_COMMIT, commit.length())) + version.substring(commit.length());
    }
}
