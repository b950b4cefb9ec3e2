// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.report;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.benchmarks.result.SyntheticResults;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class HtmlReportTest {
    private static final Pattern IDENTIFIER = Pattern.compile(" id=\"([^\"]*)\"");

    @Test
    void everyPartIsThere() {
        String page = HtmlReport.of(SyntheticResults.forEveryPart());

        for (String part : List.of("peers", "rows", "scaling", "phases", "matrix", "series")) {
            assertThat(page, containsString("<section id=\"" + part + "\">"));
        }
        assertThat(
                page,
                allOf(
                        containsString("Imagined Processor 3000"),
                        containsString("0123456789 of main"),
                        containsString("<title>peers: small, 1,000,000 rows, steady</title>"),
                        containsString("decode from Arrow"),
                        containsString("rapidbyte, compression")));
        assertThat(page.split("<svg", -1).length - 1, greaterThan(10));
    }

    @Test
    void thePageNeedsNothingElse() {
        String page = HtmlReport.of(SyntheticResults.forEveryPart());

        assertThat(
                page.replaceAll("http://www\\.w3\\.org/[0-9]+/(svg|xlink)", ""),
                allOf(
                        not(containsString("http:")),
                        not(containsString("https:")),
                        not(containsString("<script")),
                        not(containsString("<link")),
                        not(containsString("<!DOCTYPE svg"))));
    }

    @Test
    void plotsTakeTheirColoursFromThePage() {
        String page = HtmlReport.of(SyntheticResults.forEveryPart());

        assertThat(page, allOf(containsString("fill:var(--c10)"), not(containsString("rgb(1,2,"))));
    }

    @Test
    void noTwoElementsShareAnIdentifier() {
        Matcher identifiers = IDENTIFIER.matcher(HtmlReport.of(SyntheticResults.forEveryPart()));
        Set<String> seen = new HashSet<>();

        while (identifiers.find()) {
            assertThat(identifiers.group(1), seen.add(identifiers.group(1)), is(true));
        }
    }

    @Test
    void theSameResultsGiveTheSamePage() {
        assertThat(
                HtmlReport.of(SyntheticResults.forEveryPart()).equals(HtmlReport.of(SyntheticResults.forEveryPart())),
                is(true));
    }

    @Test
    void aLabelIsTextWhateverItSays() {
        String hostile = "</text></svg><img src=x onerror=alert(1)>\"'&";
        SyntheticResults results = new SyntheticResults()
                .phases(Map.of("source_decode", 0.5))
                .add(hostile, 1000, 5, 1, "rapidbyte")
                .add(hostile, 1000, 5, 1, hostile)
                .add(hostile, 1_000_000, 5, 1, hostile);

        String page = HtmlReport.of(results.iterations());

        assertThat(page, allOf(not(containsString("<img")), containsString("&lt;img")));
    }

    @Test
    void ofAContenderWithoutFiguresThereIsItsSpeed() {
        String page = HtmlReport.of(
                new SyntheticResults().add("smoke", 10, 1, 1, "rapidbyte").iterations());

        assertThat(
                page, allOf(containsString("<section id=\"series\">"), not(containsString("<section id=\"peers\">"))));
    }

    @Test
    void ofNothingThereIsNoPage() {
        assertThrows(IllegalArgumentException.class, () -> HtmlReport.of(List.of()));
    }
}
