// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import java.nio.file.Path;
import java.util.Map;

/** Pipelines between two schemas of the test server. */
final class TestPipelines {
    private TestPipelines() {}

    /**
     * A pipeline.
     *
     * @param streams as they stand in a pipeline file, in the form of a YAML flow sequence
     * @param destination members of {@code destination} beside {@code use} and {@code config}, in the form of a YAML flow mapping without braces
     * @param resources the same of {@code resources}
     */
    static PreparedPipeline between(
            TestSchema source, TestSchema target, String streams, String destination, String resources) {
        PostgresServer server = PostgresServer.shared();
        return between(source, server.port(), target, server.port(), streams, destination, resources);
    }

    /** The same through proxies. */
    static PreparedPipeline between(
            TestSchema source,
            int sourcePort,
            TestSchema target,
            int targetPort,
            String streams,
            String destination,
            String resources) {
        PostgresServer server = PostgresServer.shared();
        String config = "{host: \"" + server.host() + "\", port: %d, user: " + PostgresServer.USER
                + ", password: \"${TEST_PASSWORD}\", database: " + server.database() + ", schema: %s}";
        String text = """
                version: "1.0"
                pipeline: tested
                source: {use: source-postgres, config: %s, streams: %s}
                destination: {use: dest-postgres, config: %s, %s}
                resources: {%s}
                """.formatted(
                        config.formatted(sourcePort, source.name()),
                        streams,
                        config.formatted(targetPort, target.name()),
                        destination,
                        resources);
        return PreparedPipeline.prepare(
                PipelineFile.parse(
                        "tested.yaml", text, Path.of("."), Map.of("TEST_PASSWORD", PostgresServer.PASSWORD)::get),
                new ConnectorResolver(name -> null));
    }
}
