// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a file is, reading it ends in a pipeline or in sentences. */
class YamlSyntaxTest {
    private static final String VALID = """
            version: "1.0"
            pipeline: p
            source: {use: source-postgres, streams: [{name: users}]}
            destination:
              use: dest-postgres
              write_mode: append
            """;

    @Test
    void tabsAreNamed() {
        assertThat(
                problems(VALID.replace("  use: dest", "\tuse: dest")),
                contains("p.yaml:5:1: not valid YAML: a tab stands where only spaces may; indent with spaces"));
    }

    @Test
    void wrongIndentationIsNamed() {
        String sentence =
                "not valid YAML: this line is not indented as the lines above; let the fields of a mapping and the"
                        + " entries of a list begin in one column each";

        assertThat(problems(VALID.replace("pipeline: p", " pipeline: p")).get(0), containsString("p.yaml:2:"));
        assertThat(problems(VALID.replace("  write_mode", " write_mode")), contains("p.yaml:6:2: " + sentence));
        assertThat(
                problems(VALID.replace("  write_mode", "   write_mode")),
                contains(
                        "p.yaml:6:14: not valid YAML: a ':' stands where no value can begin; check the indentation, and put a"
                                + " text that holds ': ' in quotes"));
    }

    @Test
    void aMissingColonAndAnOpenQuoteAreNamed() {
        assertThat(
                problems(VALID.replace("write_mode: append", "write_mode append\n  primary_key: [id]"))
                        .get(0),
                containsString("the ':' behind a field's name is missing, or a quote that was opened is not closed"));
        assertThat(
                problems(VALID.replace("append", "\"append")).get(0),
                matchesPattern(
                        "p\\.yaml:\\d+:\\d+: not valid YAML: while scanning a quoted scalar, found unexpected end of.*"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n\n", "# nothing\n", "---\n", "---\n# nothing\n", "\uFEFF"})
    void anEmptyFileIsNamed(String text) {
        assertThat(problems(text), contains("p.yaml:1:1: the file is empty; expected a pipeline"));
    }

    @Test
    void aSecondDocumentIsNamed() {
        assertThat(
                problems(VALID + "---\n" + VALID),
                contains("p.yaml:8:1: a second document begins here; a pipeline file holds exactly one"));
        assertThat(parse("---\n" + VALID + "...\n").problems(), is(List.of()));
    }

    @Test
    void duplicateFieldsAreNamedWithTheirPathBesideWhateverElseIsWrong() {
        assertThat(
                problems(VALID.replace("  write_mode: append", "  write_mode: append\n  write_mode: apend\n  use: x")
                        + "resources: {max_records: 0}\n"),
                contains(
                        "p.yaml:7:3: destination.write_mode: this field is already in line 6; keep one of them",
                        "p.yaml:8:3: destination.use: this field is already in line 5; keep one of them",
                        "p.yaml:9:26: resources.max_records: expected a number from 1 to 2147483647, found 0"));
    }

    @Test
    void aByteOrderMarkAndWindowsLineEndsAreNothingToWorryAbout() {
        Pipeline pipeline = parse("\uFEFF" + VALID.replace("\n", "\r\n")).pipeline();

        assertThat(pipeline.writeMode(), is("append"));
        assertThat(
                problems("\uFEFF" + VALID.replace("append", "apend").replace("\n", "\r\n")),
                contains(
                        "p.yaml:6:15: destination.write_mode: expected one of append, replace, upsert, found the text 'apend';"
                                + " did you mean 'append'?"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a: \u0001",
                "a: \u0000",
                "? [a, b] : c",
                "? {a: b}\n: c",
                "1: 2\ntrue: x\nnull: y",
                "a: *nowhere",
                "a: &a [*a]",
                "<<: 1",
                "%YAML 3.0\n---\na: b",
                "a: !!binary zzz",
                "a: !!java.net.URL [x]",
                "- a\n- b",
                "\"a\\nb\": c",
                "a: 0x",
                "a: 99999999999999999999999999999999999999999999999999",
                "a: .nan",
                "a: 2020-01-01",
                "@",
                "`",
                "{",
                "a: |\n b\nc",
                "resources:\nstate:\n",
                "source: {streams: {a: 1}}\ndestination: []",
                "source: {use: 1, sha256: [], config: 3, streams: 7, permissions: {network: {allowed_hosts: x}}, limits: 3}",
            })
    void whateverElseStandsThereIsSentences(String text) {
        for (String problem : problems(text)) {
            assertThat(problem, matchesPattern("p\\.yaml:[1-9]\\d*:[1-9]\\d*: .+"));
            assertThat(problem, not(containsString("yaml.snakeyaml")));
            assertThat(problem, not(containsString("fasterxml")));
        }
    }

    private static PipelineFile parse(String text) {
        return PipelineFile.parse("p.yaml", text, Path.of("."), name -> null);
    }

    private static List<String> problems(String text) {
        return assertThrows(ConfigurationException.class, () -> parse(text).pipeline()).problems().stream()
                .map(ConfigProblem::toString)
                .toList();
    }
}
