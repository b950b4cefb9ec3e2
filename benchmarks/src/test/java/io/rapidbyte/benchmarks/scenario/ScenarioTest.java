// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.scenario;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Who is measured, and in which groups. */
class ScenarioTest {
    private static final String YAML = """
            name: mine
            description: A test.
            rows: [10, 20]
            contenders:
              - {contender: rapidbyte, settings: {runner: flink}}
              - contender: jdbcio
            """;
    private static final Scenario PLAIN = Scenarios.parse("mine.yaml", YAML);
    private static final Scenario VARIED =
            Scenarios.parse("mine.yaml", YAML + "vary: {partitions: [1, 2], runner: direct}\n");

    @Test
    void withoutVariationAllTakeTurns() {
        assertThat(labels(PLAIN), contains(List.of("rapidbyte runner=flink", "jdbcio")));
    }

    @Test
    void eachSettingIsAGroupWithWhatIsNotVaried() {
        assertThat(
                labels(VARIED),
                contains(
                        List.of(
                                "rapidbyte runner=flink",
                                "jdbcio",
                                "rapidbyte partitions=1 runner=flink",
                                "rapidbyte partitions=2 runner=flink"),
                        List.of("rapidbyte runner=flink", "jdbcio", "rapidbyte runner=direct")));
    }

    @Test
    void ofTheSettingsSomeCanBeVaried() {
        assertThat(VARIED.varying(List.of("runner")).vary().keySet(), contains("runner"));
        assertThat(
                assertThrows(IllegalArgumentException.class, () -> VARIED.varying(List.of("heap")))
                        .getMessage(),
                is("The scenario mine does not vary 'heap'; it varies partitions, runner."));
    }

    @Test
    void ofTheContendersSomeCanBeMeasured() {
        assertThat(labels(PLAIN.among(List.of("jdbcio", "nobody"))), contains(List.of("jdbcio")));
        assertThat(VARIED.among(List.of("rapidbyte")).vary(), is(VARIED.vary()));
        assertThat(
                assertThrows(IllegalArgumentException.class, () -> PLAIN.among(List.of("psql-text")))
                        .getMessage(),
                is("The scenario mine has no contender psql-text; it has rapidbyte, jdbcio."));
    }

    @Test
    void numbersCanBeOthers() {
        Scenario other = PLAIN.with(List.of(5L), 0, 1);

        assertThat(other.rows(), contains(5L));
        assertThat(other.warmup(), is(0));
        assertThat(other.iterations(), is(1));
        assertThat(PLAIN.with(null, null, null), is(PLAIN));
        assertThat(other.vary().keySet(), is(empty()));
        assertThrows(IllegalArgumentException.class, () -> PLAIN.with(null, null, 0));
    }

    private static List<List<String>> labels(Scenario scenario) {
        return scenario.groups().stream()
                .map(group -> group.stream().map(Scenario.Entry::label).toList())
                .toList();
    }
}
