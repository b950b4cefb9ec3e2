// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.contender;

import io.rapidbyte.benchmarks.scenario.Setting;
import io.rapidbyte.benchmarks.scenario.Settings;
import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.run.ConnectorResolver;
import io.rapidbyte.pipelines.run.PipelineRun;
import io.rapidbyte.pipelines.run.PreparedPipeline;
import io.rapidbyte.pipelines.run.ProgressListener;
import io.rapidbyte.pipelines.run.RunOptions;
import io.rapidbyte.pipelines.run.RunSummary;
import io.rapidbyte.pipelines.run.RunnerKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apache.beam.sdk.transforms.Reshuffle;

/** Rapidbyte, as the command line runs a pipeline file: checks, plan, run and finalize, in the process of the harness's worker. */
public final class RapidbyteCopy implements Contender {
    /** The name in scenarios. */
    public static final String NAME = "rapidbyte";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        return "Rapidbyte, a pipeline file in a process that is there";
    }

    @Override
    public Set<Setting> settings() {
        return EnumSet.complementOf(EnumSet.of(Setting.BATCH_ROWS, Setting.FETCH_ROWS));
    }

    @Override
    public Outcome copy(TableCopy copy, Settings settings) throws IOException {
        UnaryOperator<String> environment =
                name -> name.equals(PipelineText.PASSWORD_VARIABLE) ? copy.password() : null;
        PipelineFile file =
                PipelineFile.parse("benchmark.yaml", PipelineText.of(copy, settings), Path.of("."), environment);
        String runner = settings.text(Setting.RUNNER).orElse("direct");
        boolean reshuffle =
                settings.text(Setting.RESHUFFLE).map(Boolean::valueOf).orElse(false);
        RunSummary summary = PipelineRun.run(
                PreparedPipeline.prepare(file, new ConnectorResolver(environment)),
                new RunOptions(RunnerKind.of(runner), ProgressListener.NONE)
                        .withBetween(reshuffle ? List.of(Reshuffle.viaRandomKey()) : List.of()));
        return new Outcome(runner, summary.metrics(), 0);
    }
}
