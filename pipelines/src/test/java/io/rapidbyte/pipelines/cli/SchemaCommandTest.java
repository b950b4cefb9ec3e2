// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The schema that editors validate pipeline files with. */
class SchemaCommandTest {
    private static final Path PUBLISHED = Path.of("../docs/schema/pipeline-1.0.schema.json");
    private static final Path RESOURCES = Path.of("src/test/resources/io/rapidbyte/pipelines");

    private static final String GOOD = """
            version: "1.0"
            pipeline: p
            source:
              use: source-postgres
              config: {host: h, user: u, database: d}
              streams:
                - name: users
            destination:
              use: dest-postgres
              config: {host: h, user: u, database: d}
              write_mode: append
            """;

    @Test
    void thePublishedSchemaIsWhatTheCommandWrites() throws IOException {
        assertThat(
                "docs/schema/pipeline-1.0.schema.json is not what the schema of pipeline files and the connectors' manifests"
                        + " make; write it anew: ./rapidbyte schema > docs/schema/pipeline-1.0.schema.json",
                Files.readString(PUBLISHED),
                is(SchemaCommand.text(shipped()) + System.lineSeparator()));
    }

    @Test
    void theCommandWritesOneSchemaAndNothingElse() throws IOException {
        CommandLineRun run = CommandLineRun.of(Map.of(), "schema");

        JsonNode schema = new ObjectMapper().readTree(run.out());
        assertThat(run.code(), is(0));
        assertThat(run.err(), is(""));
        assertThat(schema.path("$defs").has("dest-postgres-config"), is(true));
    }

    @Test
    void theBareSchemaKnowsNoConnector() throws IOException {
        CommandLineRun run = CommandLineRun.of(Map.of(), "schema", "--bare");

        JsonNode schema = new ObjectMapper().readTree(run.out());
        assertThat(run.code(), is(0));
        assertThat(schema.path("$defs").has("dest-postgres-config"), is(false));
        assertThat(errors(schema.toString(), GOOD.replace("host: h", "hots: h")), is(empty()));
    }

    static Stream<Path> goodFiles() {
        return Stream.of(
                Path.of("examples/postgres-to-postgres.yaml"),
                RESOURCES.resolve("config/original-bench.yaml"),
                RESOURCES.resolve("config/original-matrix.yaml"));
    }

    @ParameterizedTest
    @MethodSource("goodFiles")
    void filesThatRunAreValid(Path file) throws IOException {
        assertThat(errors(published(), Files.readString(file)), is(empty()));
    }

    @Test
    void aFileWithMistakesIsNot() throws IOException {
        List<String> places = errors(published(), Files.readString(RESOURCES.resolve("cli/dozen-mistakes.yaml")));

        // The variable, the size, the stream that is there twice and the connector are beyond a schema.
        for (String place : List.of(
                "/source/streams/0 additionalProperties",
                "/source/streams/2 required",
                "/source/streams/3 required",
                "/destination required",
                "/destination/config additionalProperties",
                "/destination/config/port maximum",
                "/destination/on_data_error enum",
                "/resources/parallelism type",
                "/resources/max_batch_bytes pattern")) {
            assertThat(places, hasItem(place));
        }
    }

    @Test
    void whatMayStandThereIsValid() throws IOException {
        Map<String, String> changes = Map.of(
                "write_mode: append", "write_mode: ${MODE}",
                "host: h", "host: '${HOST}', port: '${PORT:-5432}'",
                "- name: users", "- {name: users, sync_mode: '${MODE}'}",
                "version: \"1.0\"", "version: 1.0",
                "use: source-postgres", "use: ./mine.wasm");
        for (Map.Entry<String, String> change : changes.entrySet()) {
            String text = GOOD.replace(change.getKey(), change.getValue());
            assertThat(text, errors(published(), text), is(empty()));
        }
    }

    @Test
    void whatMayNotStandThereIsInvalid() throws IOException {
        Map<String, String> changes = Map.of(
                "write_mode: append", "write_mode: apend",
                "append", "upsert",
                "host: h", "host: h, port: http",
                "host: h,", "",
                "- name: users", "- {name: users, sync_mode: incremental}",
                "use: source-postgres", "uses: source-postgres",
                "  config: {host: h, user: u, database: d}\n", "");
        for (Map.Entry<String, String> change : changes.entrySet()) {
            String text = GOOD.replace(change.getKey(), change.getValue());
            assertThat(text, errors(published(), text), is(not(empty())));
        }
    }

    /** The connectors of the release; on the class path of tests there are more. */
    private static List<String> shipped() throws IOException {
        try (Stream<Path> modules = Files.list(Path.of("../connectors/modules"))) {
            return modules.map(each -> each.getFileName().toString())
                    .filter(each -> each.endsWith(".wasm"))
                    .map(each -> each.substring(0, each.length() - ".wasm".length()))
                    .toList();
        }
    }

    private static String published() throws IOException {
        return Files.readString(PUBLISHED);
    }

    /** The place and the keyword of each error of a YAML text. */
    private static List<String> errors(String schemaText, String yaml) throws IOException {
        Schema schema = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12, builder -> {})
                .getSchema(schemaText, InputFormat.JSON);
        return schema.validate(new YAMLMapper().readTree(yaml).toString(), InputFormat.JSON).stream()
                .map(each -> each.getInstanceLocation() + " " + each.getKeyword())
                .distinct()
                .toList();
    }
}
