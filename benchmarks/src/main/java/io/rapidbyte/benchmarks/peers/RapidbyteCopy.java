// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.peers;

import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.run.ConnectorResolver;
import io.rapidbyte.pipelines.run.PipelineRun;
import io.rapidbyte.pipelines.run.PreparedPipeline;
import io.rapidbyte.pipelines.run.ProgressListener;
import io.rapidbyte.pipelines.run.RunOptions;
import io.rapidbyte.pipelines.run.RunnerKind;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/** Rapidbyte itself, as the command line runs a pipeline file: checks, plan, run and finalize, on the Direct runner. */
public final class RapidbyteCopy implements Contender {
    private static final String PASSWORD_VARIABLE = "RAPIDBYTE_BENCHMARK_PASSWORD";

    @Override
    public String name() {
        return "Rapidbyte, Direct runner";
    }

    @Override
    public void copy(TableCopy copy) {
        UnaryOperator<String> environment = name -> name.equals(PASSWORD_VARIABLE) ? copy.password() : null;
        PipelineFile file = PipelineFile.parse("benchmark.yaml", pipeline(copy), Path.of("."), environment);
        PipelineRun.run(
                PreparedPipeline.prepare(file, new ConnectorResolver(environment)),
                new RunOptions(RunnerKind.DIRECT, ProgressListener.NONE));
    }

    private static String pipeline(TableCopy copy) {
        return """
                version: "1.0"
                pipeline: benchmark
                source:
                  use: source-postgres
                  config: {host: %1$s, port: %2$d, user: %3$s, password: "${%4$s}", database: %5$s, schema: %6$s}
                  streams:
                    - name: %7$s
                destination:
                  use: dest-postgres
                  config: {host: %1$s, port: %2$d, user: %3$s, password: "${%4$s}", database: %5$s, schema: %8$s}
                  write_mode: append
                """.formatted(
                        copy.host(),
                        copy.port(),
                        copy.user(),
                        PASSWORD_VARIABLE,
                        copy.database(),
                        copy.sourceSchema(),
                        copy.table(),
                        copy.targetSchema());
    }
}
