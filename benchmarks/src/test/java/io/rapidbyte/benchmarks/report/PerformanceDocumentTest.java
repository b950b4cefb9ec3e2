// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.report;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.benchmarks.result.ResultsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The tables of {@code docs/performance.md} are those of the committed results, and nobody's memory of them. */
class PerformanceDocumentTest {
    private static final Path TREE = Path.of(System.getProperty("user.dir")).getParent();

    @Test
    void itsTablesAreThoseOfTheCommittedResults() throws IOException {
        String document = Files.readString(TREE.resolve("docs/performance.md"));
        MarkdownFigures figures =
                new MarkdownFigures(new ResultsFile(TREE.resolve("benchmarks/results/reference.jsonl")).read());
        assertThat(
                "made anew by: report --results benchmarks/results/reference.jsonl --markdown docs/performance.md",
                document,
                is(figures.replaceIn("docs/performance.md", document)));
    }
}
