// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.sameInstance;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.beam.runners.direct.DirectOptions;
import org.apache.beam.runners.flink.FlinkPipelineOptions;
import org.apache.beam.runners.flink.FlinkRunner;
import org.apache.beam.runners.flink.TestFlinkRunner;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.PipelineRunner;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.DeploymentOptions;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.configuration.RestOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BeamOptionsTest {
    /** One that nobody has registered. */
    public static final class UnknownRunner extends PipelineRunner<PipelineResult> {
        /** As Beam wants it. */
        public static UnknownRunner fromOptions(PipelineOptions options) {
            return new UnknownRunner();
        }

        @Override
        public PipelineResult run(Pipeline pipeline) {
            throw new UnsupportedOperationException();
        }
    }

    @Test
    void ourDefaultsHoldUnlessTheUserSaysOtherwise() throws IOException {
        try (FlinkFolder folder = FlinkFolder.create()) {
            DirectOptions ours = RunnerKind.DIRECT.options(3, folder).as(DirectOptions.class);
            assertThat(ours.getTargetParallelism(), is(3));
            assertThat(ours.isEnforceImmutability(), is(false));
            assertThat(ours.isBlockOnRun(), is(false));

            DirectOptions theirs = RunnerKind.DIRECT
                    .options(3, folder, List.of("--targetParallelism=5", "--enforceImmutability", "--jobName=nightly"))
                    .as(DirectOptions.class);
            assertThat(theirs.getTargetParallelism(), is(5));
            assertThat(theirs.isEnforceImmutability(), is(true));
            assertThat(theirs.isEnforceEncodability(), is(false));
            assertThat(theirs.getJobName(), is("nightly"));
        }
    }

    @Test
    void aFlinkOfSomebodyElsesHasItsOwnConfiguration() throws IOException {
        try (FlinkFolder folder = FlinkFolder.create()) {
            FlinkPipelineOptions embedded = RunnerKind.FLINK.options(3, folder).as(FlinkPipelineOptions.class);
            assertThat(embedded.getFlinkMaster(), is("[local]"));
            assertThat(embedded.getFlinkConfDir(), is(folder.embedded().toString()));
            assertThat(embedded.getParallelism(), is(3));
            assertThat(embedded.getRunner(), is((Object) FlinkRunner.class));
        }
        try (FlinkFolder folder = FlinkFolder.create()) {
            FlinkPipelineOptions cluster = RunnerKind.FLINK
                    .options(3, folder, List.of("--flinkMaster=flink.internal:8081"))
                    .as(FlinkPipelineOptions.class);
            assertThat(cluster.getFlinkMaster(), is("flink.internal:8081"));
            assertThat(cluster.getParallelism(), is(3));
            Configuration configuration = GlobalConfiguration.loadConfiguration(cluster.getFlinkConfDir());
            assertThat(configuration.keySet(), contains(DeploymentOptions.JOB_LISTENERS.key()));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "flink-conf.yaml | rest.port: 1234\\nexecution.job-listeners: their.Listener",
                "config.yaml | rest: {port: 1234}\\nexecution: {job-listeners: [their.Listener]}"
            })
    void aConfigurationOfSomebodyElsesIsReadAndHearsOfJobs(String name, String content, @TempDir Path theirs)
            throws IOException {
        Files.writeString(theirs.resolve(name), content.replace("\\n", "\n"));
        try (FlinkFolder folder = FlinkFolder.create()) {
            FlinkPipelineOptions options = RunnerKind.FLINK
                    .options(3, folder, List.of("--flinkMaster=flink.internal:8081", "--flinkConfDir=" + theirs))
                    .as(FlinkPipelineOptions.class);

            Configuration configuration = GlobalConfiguration.loadConfiguration(options.getFlinkConfDir());
            assertThat(configuration.get(RestOptions.PORT), is(1234));
            assertThat(
                    configuration.get(DeploymentOptions.JOB_LISTENERS),
                    contains("their.Listener", FlinkJobListener.class.getName()));
        } finally {
            // Flink remembers for the whole process which syntax it read last.
            GlobalConfiguration.setStandardYaml(false);
        }
    }

    @Test
    void aConfigurationThatIsNotThereIsRefused(@TempDir Path theirs) throws IOException {
        try (FlinkFolder folder = FlinkFolder.create()) {
            List<String> said =
                    List.of("--flinkMaster=flink.internal:8081", "--flinkConfDir=" + theirs.resolve("none"));

            BeamOptions.RefusedException refused =
                    assertThrows(BeamOptions.RefusedException.class, () -> RunnerKind.FLINK.options(3, folder, said));
            assertThat(refused.getMessage(), startsWith("Flink's configuration cannot be read: "));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"direct", "Direct", "DirectRunner", "org.apache.beam.runners.direct.DirectRunner"})
    void theDirectRunnerHasAllOfItsNames(String name) {
        assertThat(RunnerKind.of(name), is(sameInstance(RunnerKind.DIRECT)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"flink", "FLINK", "FlinkRunner", "org.apache.beam.runners.flink.FlinkRunner"})
    void soHasFlink(String name) {
        assertThat(RunnerKind.of(name), is(sameInstance(RunnerKind.FLINK)));
    }

    @Test
    void anyRunnerOnTheClassPathWillDo() throws IOException {
        try (FlinkFolder folder = FlinkFolder.create()) {
            assertThat(
                    RunnerKind.of(UnknownRunner.class.getName())
                            .options(2, folder, List.of("--jobName=nightly"))
                            .getRunner(),
                    is((Object) UnknownRunner.class));
            assertThat(RunnerKind.of("TestFlinkRunner").options(2, folder).getRunner(), is((Object)
                    TestFlinkRunner.class));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"spork", "java.lang.String", "", "a b"})
    void whatIsNoRunnerIsRefused(String name) {
        RunnerKind.UnavailableRunnerException refused =
                assertThrows(RunnerKind.UnavailableRunnerException.class, () -> RunnerKind.of(name));
        assertThat(refused.getMessage(), startsWith("There is no runner '" + name + "': expected direct, flink, or "));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "--targetParalelism=4 | Beam has no option --targetParalelism; did you mean --targetParallelism?",
                "--help | Beam has no option --help.",
                "--targetParallelism | Beam's option --targetParallelism needs a value in the same word: --targetParallelism=value.",
                "--runner=FlinkRunner | The runner is chosen with --runner before the --, not among Beam's options.",
                "--blockOnRun=true | --blockOnRun cannot be chosen",
                "parallelism=4 | 'parallelism=4' is no option of Beam",
                "-- | '--' is no option of Beam",
            })
    void whatBeamDoesNotKnowIsASentence(String argument, String sentence) {
        BeamOptions.RefusedException refused =
                assertThrows(BeamOptions.RefusedException.class, () -> BeamOptions.of(List.of(argument)));
        assertThat(refused.getMessage(), startsWith(sentence));
    }

    @Test
    void aValueThatBeamDoesNotTakeIsASentence() {
        BeamOptions options = BeamOptions.of(List.of("--targetParallelism=many"));

        BeamOptions.RefusedException refused =
                assertThrows(BeamOptions.RefusedException.class, () -> options.create(List.of()));
        assertThat(refused.getMessage(), startsWith("Beam does not take its options: "));
        assertThat(refused.getMessage(), containsString("many"));
    }

    @Test
    void slipsInOurOwnOptionsAreNotBeams() {
        assertThat(BeamOptions.isKnown("--targetParallelism=4"), is(true));
        assertThat(BeamOptions.isKnown("--flinkMaster=host:8081"), is(true));
        for (String other :
                List.of("--runer=flink", "--paralelism=4", "--fail-fas", "targetParallelism=4", "-x", "--")) {
            assertThat(other, BeamOptions.isKnown(other), is(false));
        }
    }
}
