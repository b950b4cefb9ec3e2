// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Writes a pipeline file between two schemas of the test server, of which tests then spoil one thing. */
final class PipelineYaml {
    /** What the file takes from the environment. */
    static final Map<String, String> ENVIRONMENT = Map.of("TEST_PASSWORD", PostgresServer.PASSWORD);

    private String text;

    private PipelineYaml(String text) {
        this.text = text;
    }

    static PipelineYaml between(TestSchema source, TestSchema target, String... streams) {
        PostgresServer server = PostgresServer.shared();
        StringBuilder list = new StringBuilder();
        for (String stream : streams) {
            list.append("    - name: '").append(stream.replace("'", "''")).append("'\n");
        }
        return new PipelineYaml("""
                version: "1.0"
                pipeline: test_copy
                source:
                  use: source-postgres
                  config:
                    host: %s
                    port: %d
                    user: %s
                    password: ${TEST_PASSWORD}
                    database: %s
                    schema: %s
                  streams:
                %sdestination:
                  use: dest-postgres
                  config:
                    host: %s
                    port: %d
                    user: %s
                    password: ${TEST_PASSWORD}
                    database: %s
                    schema: %s
                  write_mode: append
                resources:
                  parallelism: 2
                  max_retries: 0
                """.formatted(
                        server.host(),
                        server.port(),
                        PostgresServer.USER,
                        server.database(),
                        source.name(),
                        list,
                        server.host(),
                        server.port(),
                        PostgresServer.USER,
                        server.database(),
                        target.name()));
    }

    /** The probe of the hosts' tests as the source, with this configuration, which is a YAML flow mapping. */
    static PipelineYaml fromProbe(Path module, String config, TestSchema target) {
        PipelineYaml yaml = between(target, target, "probe");
        int begin = yaml.text.indexOf("  use: source-postgres");
        int end = yaml.text.indexOf("  streams:");
        yaml.text = yaml.text.substring(0, begin) + "  use: " + module + "\n  config: " + config + "\n"
                + yaml.text.substring(end);
        return yaml;
    }

    /** The probe of the hosts' tests as the destination, with this configuration, which is a YAML flow mapping. */
    static PipelineYaml toProbe(TestSchema source, Path module, String config, String... streams) {
        PipelineYaml yaml = between(source, source, streams);
        int begin = yaml.text.indexOf("  use: dest-postgres");
        int end = yaml.text.indexOf("  write_mode:");
        yaml.text = yaml.text.substring(0, begin) + "  use: " + module + "\n  config: " + config + "\n"
                + yaml.text.substring(end);
        return yaml;
    }

    /** Replaces the first occurrence, which has to be there: that of the source, where both ends have it. */
    PipelineYaml with(String was, String is) {
        return replace(text.indexOf(was), was, is);
    }

    /** Replaces the last occurrence, which has to be there: that of the destination, where both ends have it. */
    PipelineYaml withLast(String was, String is) {
        return replace(text.lastIndexOf(was), was, is);
    }

    private PipelineYaml replace(int at, String was, String is) {
        if (at < 0) {
            throw new IllegalArgumentException("there is no '" + was + "' in\n" + text);
        }
        text = text.substring(0, at) + is + text.substring(at + was.length());
        return this;
    }

    String writeTo(Path folder) {
        try {
            return Files.writeString(folder.resolve("pipeline.yaml"), text).toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
