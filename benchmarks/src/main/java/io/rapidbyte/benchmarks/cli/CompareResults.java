// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import io.rapidbyte.benchmarks.compare.Comparison;
import io.rapidbyte.benchmarks.compare.Finding;
import io.rapidbyte.benchmarks.compare.Finding.Verdict;
import io.rapidbyte.benchmarks.compare.Quantity;
import io.rapidbyte.benchmarks.compare.Selection;
import java.io.PrintWriter;
import java.util.List;

/** Says what came of a comparison. */
final class CompareResults {
    static final int NO_REGRESSION = 0;
    static final int REGRESSION = 1;

    /** How the table of all findings is written. */
    enum Format {
        TEXT,
        MARKDOWN
    }

    private final PrintWriter out;
    private final Format format;

    CompareResults(PrintWriter out, Format format) {
        this.out = out;
        this.format = format;
    }

    /**
     * Prints warnings, the table, and a sentence for each finding that somebody might act on.
     *
     * @return the exit code, {@link #NO_REGRESSION} or {@link #REGRESSION}
     */
    int print(Comparison comparison) {
        Selection selection = comparison.selection();
        out.printf(
                "Baseline: %s (%d iterations). Candidate: %s (%d iterations).%n%n",
                selection.baselineName(),
                selection.baseline().size(),
                selection.candidateName(),
                selection.candidate().size());
        sentences("Mind:", comparison.warnings());
        out.println(
                format == Format.MARKDOWN
                        ? comparison.table().markdown()
                        : comparison.table().text());
        sentences("Slower:", sentences(comparison.findings(Verdict.REGRESSION)));
        sentences("Faster:", sentences(comparison.findings(Verdict.IMPROVEMENT)));
        // That a phase is unclear says the table; most are when throughput is.
        sentences(
                "Unclear:",
                sentences(comparison.findings(Verdict.UNCLEAR).stream()
                        .filter(finding -> finding.quantity() == Quantity.THROUGHPUT)
                        .toList()));
        int regressions = comparison.findings(Verdict.REGRESSION).size();
        int unclear = comparison.findings(Verdict.UNCLEAR).size();
        out.println((regressions == 0
                        ? "No regression found"
                        : regressions == 1 ? "1 regression" : regressions + " regressions")
                + (unclear == 0
                        ? "."
                        : "; " + unclear + " of " + comparison.findings().size() + " comparisons are unclear."));
        out.flush();
        return comparison.isRegression() ? REGRESSION : NO_REGRESSION;
    }

    private static List<String> sentences(List<Finding> findings) {
        return findings.stream().map(Finding::sentence).toList();
    }

    private void sentences(String heading, List<String> sentences) {
        if (!sentences.isEmpty()) {
            out.println(heading);
            sentences.forEach(sentence -> out.println("  " + sentence));
            out.println();
        }
    }
}
