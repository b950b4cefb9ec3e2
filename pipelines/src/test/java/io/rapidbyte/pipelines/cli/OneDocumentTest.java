// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.emptyString;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With {@code --json}, each command writes one document to standard output, whatever becomes of it. */
class OneDocumentTest {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    @TempDir
    static Path folder;

    private static TestSchema source;
    private static TestSchema target;
    private static String file;

    @BeforeAll
    static void createTables() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        source.execute("CREATE TABLE users AS SELECT n AS id FROM generate_series(1, 10) n");
        file = PipelineYaml.between(source, target, "users").writeTo(folder);
    }

    @AfterAll
    static void dropTables() {
        source.close();
        target.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "run --json FILE",
                "run --json -v FILE",
                "run --json -vv FILE",
                "run --json -q FILE",
                "check --json FILE",
                "discover --json FILE",
                "connectors list --json",
                "connectors inspect --json dest-postgres",
                "completion --json bash",
                "quickstart --json --rows 10 --keep-file FOLDER/quickstart.yaml"
            })
    void whenItSucceeds(String arguments) throws IOException {
        CommandLineRun run = run(arguments);

        assertThat(run.err(), run.code(), is(0));
        assertThat(JSON.readTree(run.out()).path("status").asText(), is("ok"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--json",
                "--json cheque",
                "connectors --json",
                "run --json",
                "run --json absent.yaml",
                "run --json FILE --runer direct",
                "run --json FILE --runner spork",
                "run --json FILE --parallelism many",
                "run --json FILE -- --targetParalelism=4",
                "run --json FILE another.yaml",
                "check --json absent.yaml",
                "check --json FILE --nonsense",
                "discover --json absent.yaml",
                "discover --json",
                "teardown --json absent.yaml",
                "teardown --json FILE --stream",
                "connectors list --json --nonsense",
                "connectors inspect --json source-oracle",
                "connectors inspect --json",
                "completion --json tcsh",
                "quickstart --json --rows 0",
                "quickstart --json --rows many"
            })
    void whenItFails(String arguments) throws IOException {
        CommandLineRun run = run(arguments);

        JsonNode json = JSON.readTree(run.out());
        assertThat(run.out(), run.code(), is(2));
        assertThat(json.path("status").asText(), is("failed"));
        assertThat(json.path("exit_code").asInt(), is(2));
        assertThat(json.path("error").path("kind").asText(), is("usage"));
        assertThat(json.path("error").path("message").asText(), is(not(emptyString())));
        assertThat("people are told, too", run.err().lines().count(), is(greaterThanOrEqualTo(1L)));
    }

    private static CommandLineRun run(String arguments) {
        return CommandLineRun.of(
                PipelineYaml.ENVIRONMENT,
                arguments
                        .replace("FILE", file)
                        .replace("FOLDER", folder.toString())
                        .split(" "));
    }
}
