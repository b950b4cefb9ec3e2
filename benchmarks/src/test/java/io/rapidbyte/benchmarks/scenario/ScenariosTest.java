// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.scenario;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.benchmarks.contender.Contenders;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ScenariosTest {
    private static final String GOOD = """
            name: mine
            description: A test.
            rows: 10
            contenders:
              - contender: rapidbyte
            """;

    static List<String> names() {
        return Scenarios.names();
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyScenarioOfTheBuildNamesContendersAndSettingsThatThereAre(String name) {
        Scenario scenario = Scenarios.find(name);

        assertThat(scenario.name(), is(name));
        assertThat(scenario.description(), not(is("")));
        scenario.groups().forEach(group -> group.forEach(Contenders::of));
    }

    @Test
    void everyScenarioOfTheBuildIsListed() throws IOException, URISyntaxException {
        Path folder = Path.of(Scenarios.class
                .getResource("/io/rapidbyte/benchmarks/scenarios/index.txt")
                .toURI());
        try (Stream<Path> files = Files.list(folder.getParent())) {
            List<String> names = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".yaml"))
                    .map(name -> name.substring(0, name.length() - ".yaml".length()))
                    .toList();
            assertThat(Scenarios.names(), containsInAnyOrder(names.toArray()));
        }
    }

    @Test
    void whatIsNotSaidIsTheDefault() {
        Scenario scenario = Scenarios.parse("mine.yaml", GOOD);

        assertThat(scenario.profile(), is(TableProfile.SMALL));
        assertThat(scenario.measure(), is(Measure.STEADY));
        assertThat(scenario.rows(), is(List.of(10L)));
        assertThat(scenario.warmup(), is(2));
        assertThat(scenario.iterations(), is(5));
    }

    @Test
    void aProcessOfItsOwnIsWarmedOnceForWhatItKeepsOnDisk() {
        Scenario scenario = Scenarios.parse("mine.yaml", GOOD + "measure: process\n");

        assertThat(scenario.warmup(), is(1));
        assertThat(scenario.with(null, 4, null).warmup(), is(4));
    }

    @Test
    void aFileIsAScenario(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("mine.yaml"), GOOD);

        assertThat(Scenarios.find(file.toString()).name(), is("mine"));
    }

    @Test
    void aNameThatIsNoneIsAnsweredWithWhatThereIs() {
        String message = failure(() -> Scenarios.find("pears"));

        assertThat(message, startsWith("There is no scenario 'pears' and no file of that name. There are peers, pipe"));
    }

    @Test
    void aKeyThatIsNoneIsAnsweredWithWhatThereIs() {
        assertThat(
                wrong(GOOD + "colour: red\n"),
                allOf(
                        startsWith("Scenario mine.yaml: 'colour' is not known; there are ["),
                        containsString("contenders, description, iterations")));
    }

    @Test
    void aValueThatIsNoneIsAnsweredWithItsLineAndWhatIsExpected() {
        assertThat(
                wrong(GOOD + "profile: tiny\n"),
                allOf(
                        startsWith("Scenario mine.yaml, line 6 (profile): "),
                        containsString("huge"),
                        containsString("large"),
                        containsString("medium"),
                        containsString("small")));
        assertThat(wrong(GOOD + "iterations: many\n"), startsWith("Scenario mine.yaml, line 6 (iterations): "));
        assertThat(
                wrong(GOOD.replace("rows: 10", "rows: 0")),
                allOf(startsWith("Scenario mine.yaml, line "), containsString("expected numbers above zero")));
    }

    @Test
    void aSettingThatIsNoneIsAnsweredWithItsLineAndWhatThereIs() {
        assertThat(
                wrong(GOOD + "    settings: {threads: 2}\n"),
                allOf(
                        startsWith("Scenario mine.yaml, line 6"),
                        containsString("There is no setting 'threads'; there are batch_bytes, batch_rows, ")));
        assertThat(
                wrong(GOOD + "    settings: {partitions: many}\n"),
                allOf(
                        startsWith("Scenario mine.yaml, line 6"),
                        containsString("The setting partitions is 'many'; expected a number above zero.")));
        assertThat(
                wrong(GOOD + "vary: {partitions: [1, 0]}\n"),
                containsString("The setting partitions is '0'; expected a number above zero."));
        assertThat(wrong(GOOD + "vary: {partitions: []}\n"), containsString("varies partitions over no values"));
    }

    @Test
    void aContenderThatIsNoneIsAnsweredWithThoseThereAre() {
        Scenario scenario = Scenarios.parse("mine.yaml", GOOD.replace("rapidbyte", "rapidbite"));

        assertThat(
                failure(() -> Contenders.of(scenario.contenders().get(0))),
                startsWith("There is no contender 'rapidbite'; there are rapidbyte, rapidbyte-command, psql-binary"));
    }

    @Test
    void aSettingThatAContenderDoesNotKnowIsAnsweredWithThoseItKnows() {
        Scenario.Entry entry = new Scenario.Entry("psql-binary", Settings.NONE.with(Setting.HEAP, "1gb"));

        assertThat(
                failure(() -> Contenders.of(entry)),
                is("The contender psql-binary has no setting heap; it has partitions."));
    }

    @Test
    void whatIsMissingIsNamed() {
        assertThat(
                wrong("name: mine\ndescription: A test.\nrows: 1\n"),
                allOf(startsWith("Scenario mine.yaml, line "), containsString("contenders")));
        assertThat(wrong(GOOD + "  - no: [\n"), startsWith("Scenario mine.yaml, line "));
        assertThat(Scenarios.names(), hasItems("peers", "smoke"));
    }

    private static String wrong(String yaml) {
        return failure(() -> Scenarios.parse("mine.yaml", yaml));
    }

    private static String failure(Runnable work) {
        return assertThrows(IllegalArgumentException.class, work::run).getMessage();
    }
}
