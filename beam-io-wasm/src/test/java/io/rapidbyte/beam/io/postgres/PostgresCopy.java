// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.beam.io.WasmIO;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WasmHost;
import io.rapidbyte.wasm.WriteMode;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;

/** Copies tables between two schemas of the test server through the two bundled connectors, on a real runner. */
final class PostgresCopy {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The runners every copy must give the same result on. */
    enum Runner {
        /** With its checks on immutability and encodability, which are its default. */
        DIRECT("--runner=DirectRunner", "--targetParallelism=2"),
        FLINK("--runner=FlinkRunner", "--flinkMaster=[local]", "--parallelism=2");

        private final String[] arguments;

        Runner(String... arguments) {
            this.arguments = arguments;
        }

        PipelineOptions options() {
            return PipelineOptionsFactory.fromArgs(arguments).withValidation().create();
        }
    }

    private PostgresCopy() {}

    static PipelineResult copy(Runner runner, TestSchema source, TestSchema target, WriteMode mode, String... streams) {
        return copy(runner, source.config(), target, mode, streams);
    }

    static PipelineResult copy(
            Runner runner, Map<String, Object> source, TestSchema target, WriteMode mode, String... streams) {
        return copy(runner, source, target, mode, streams(streams));
    }

    /** Into any database. */
    static PipelineResult copyTo(
            Runner runner, TestSchema source, Map<String, Object> target, WriteMode mode, String... streams) {
        return copy(runner, source.config(), target, mode, streams(streams));
    }

    static PipelineResult copy(
            Runner runner, Map<String, Object> source, TestSchema target, WriteMode mode, List<StreamSpec> streams) {
        return copy(runner, source, target.config(), mode, streams);
    }

    private static PipelineResult copy(
            Runner runner,
            Map<String, Object> source,
            Map<String, Object> target,
            WriteMode mode,
            List<StreamSpec> streams) {
        String run = UUID.randomUUID().toString();
        Pipeline pipeline = Pipeline.create(runner.options());
        pipeline.apply(
                        "read",
                        WasmIO.read()
                                .withConnector(ConnectorModule.bundled("source-postgres"))
                                .withConfig(json(source))
                                .withStreams(streams)
                                .withRunId(run))
                .apply(
                        "write",
                        WasmIO.write()
                                .withConnector(ConnectorModule.bundled("dest-postgres"))
                                .withConfig(json(target))
                                .withWriteMode(mode)
                                .withRunId(run));
        PipelineResult result = pipeline.run();
        result.waitUntilFinish();
        return result;
    }

    /** An instance of the source by itself; the caller closes it. */
    static SourceConnector openSource(Map<String, Object> config) {
        return WasmHost.shared()
                .openSource(ConnectorModule.bundled("source-postgres"), json(config), InstanceOptions.of("test"));
    }

    static List<StreamSpec> streams(String... names) {
        return Stream.of(names).map(StreamSpec::of).toList();
    }

    static String json(Map<String, Object> config) {
        try {
            return JSON.writeValueAsString(config);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
