// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Finds the name a person probably meant. */
public final class Suggestions {
    private static final String LETTERS_OF_VARIABLES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    private static final int SHORTEST_TO_MISTAKE = 4;

    private Suggestions() {}

    /**
     * Returns the candidate closest to what was written, when it is close enough to be a slip of the pen: at most a third of
     * its letters differ (a swap of two neighbours is one difference).
     */
    public static Optional<String> closest(String written, Collection<String> candidates) {
        String best = null;
        int bestDistance = Integer.MAX_VALUE;
        for (String candidate : candidates) {
            int distance = distance(normal(written), normal(candidate));
            if (distance < bestDistance) {
                best = candidate;
                bestDistance = distance;
            }
        }
        return best != null && bestDistance <= Math.max(1, best.length() / 3) ? Optional.of(best) : Optional.empty();
    }

    /** Returns {@code "; did you mean 'x'?"}, or nothing when no candidate is close. */
    public static String didYouMean(String written, Collection<String> candidates) {
        return closest(written, candidates)
                .map(name -> "; did you mean '" + name + "'?")
                .orElse("");
    }

    /**
     * Returns the names of environment variables for which the written one can be a slip of the pen: other case, one letter
     * missing, too many or wrong, or two neighbours swapped. Candidates can be tried where they cannot be listed. A short name
     * has none: nearly every other short name would do.
     */
    static Set<String> slips(String written) {
        Set<String> slips = new LinkedHashSet<>();
        if (written.length() < SHORTEST_TO_MISTAKE) {
            return slips;
        }
        slips.add(written.toUpperCase(Locale.ROOT));
        for (String name : List.of(written, written.toUpperCase(Locale.ROOT))) {
            for (int i = 0; i <= name.length(); i++) {
                String before = name.substring(0, i);
                String after = name.substring(i);
                if (after.length() > 1) {
                    slips.add(before + after.charAt(1) + after.charAt(0) + after.substring(2));
                }
                if (!after.isEmpty()) {
                    slips.add(before + after.substring(1));
                }
                for (char letter : LETTERS_OF_VARIABLES.toCharArray()) {
                    slips.add(before + letter + after);
                    if (!after.isEmpty()) {
                        slips.add(before + letter + after.substring(1));
                    }
                }
            }
        }
        slips.remove(written);
        return slips;
    }

    private static String normal(String name) {
        return name.toLowerCase(Locale.ROOT).replace('-', '_');
    }

    /** Edit distance with swaps of neighbours (optimal string alignment). */
    private static int distance(String a, String b) {
        int[][] cost = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    cost[i][j] = i + j;
                    continue;
                }
                int replaced = cost[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                cost[i][j] = Math.min(replaced, Math.min(cost[i - 1][j], cost[i][j - 1]) + 1);
                boolean swapped =
                        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                if (swapped) {
                    cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
                }
            }
        }
        return cost[a.length()][b.length()];
    }
}
