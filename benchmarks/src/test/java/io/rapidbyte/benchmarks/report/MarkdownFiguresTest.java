// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.report;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.benchmarks.result.SyntheticResults;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class MarkdownFiguresTest {
    private static final String DOCUMENT = """
            # Speed

            Before.

            <!-- figures:peers -->
            | old | table |
            <!-- /figures -->

            Between.

            <!-- figures:scaling -->
            <!-- /figures -->
            <!-- figures:phases -->
            <!-- /figures -->
            <!-- figures:matrix -->
            <!-- /figures -->
            After.
            """;

    private final MarkdownFigures figures = new MarkdownFigures(SyntheticResults.forEveryPart());

    @Test
    void tablesStandBetweenTheirMarkersAndTheRestStays() {
        String written = figures.replaceIn("speed.md", DOCUMENT);

        assertThat(
                written,
                allOf(
                        startsWith("# Speed\n\nBefore.\n\n<!-- figures:peers -->\n\n"),
                        containsString("| psql-binary | "),
                        containsString("\n<!-- /figures -->\n\nBetween.\n"),
                        containsString("Network: small, 1,000,000 rows, steady, by partitions:"),
                        containsString("| **reading**, all threads |"),
                        containsString("| rapidbyte | compression | zstd |"),
                        endsWith("<!-- /figures -->\nAfter.\n"),
                        not(containsString("| old |"))));
    }

    @Test
    void whatIsUpToDateStaysAsItIs() {
        String written = figures.replaceIn("speed.md", DOCUMENT);

        assertThat(figures.replaceIn("speed.md", written), is(written));
    }

    @Test
    void theReadersLocaleChangesNothing() {
        Locale usual = Locale.getDefault();
        String written = figures.replaceIn("speed.md", DOCUMENT);
        try {
            Locale.setDefault(Locale.GERMANY);
            assertThat(figures.replaceIn("speed.md", DOCUMENT), is(written));
        } finally {
            Locale.setDefault(usual);
        }
    }

    @Test
    void whatWasNotMeasuredIsSaidToBe() {
        assertThat(
                new MarkdownFigures(List.of()).replaceIn("speed.md", DOCUMENT),
                containsString("<!-- figures:peers -->\n\nNot measured yet.\n\n<!-- /figures -->"));
    }

    @Test
    void aLabelDoesNotBreakItsTable() {
        MarkdownFigures hostile = new MarkdownFigures(new SyntheticResults()
                .add("peers", 1000, 1, 1, "a|b <c>")
                .add("peers", 1000, 1, 1, "rapidbyte")
                .iterations());

        assertThat(hostile.replaceIn("speed.md", DOCUMENT), containsString("| a\\|b &lt;c> |"));
    }

    @Test
    void aMarkerThatIsWrongIsToldWithItsLine() {
        assertThat(
                refusal("<!-- figures:pears -->\n"),
                startsWith("speed.md, line 1: there are no figures 'pears'; there are matrix, peers"));
        assertThat(refusal("\n<!-- figures:peers -->\n"), startsWith("speed.md, line 2: these figures have no end"));
        assertThat(refusal("<!-- /figures -->\n"), startsWith("speed.md, line 1: no figures were opened before"));
        assertThat(
                refusal("<!-- figures:peers -->\n<!-- figures:peers -->\n"),
                startsWith("speed.md, line 2: the figures of line 1 are not closed"));
    }

    private String refusal(String document) {
        return assertThrows(IllegalArgumentException.class, () -> figures.replaceIn("speed.md", document))
                .getMessage();
    }
}
