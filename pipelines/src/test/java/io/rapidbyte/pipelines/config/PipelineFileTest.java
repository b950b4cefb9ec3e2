// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PipelineFileTest {
    private static final Map<String, String> ENVIRONMENT = Map.of(
            "PGPASSWORD", "s3cret: {[}]\"'#", "PGPORT", "6543", "EMPTY", "", "SSL", "true", "BAD_PORT", "s3cretPort");

    private static final String VALID = """
            version: "1.0"
            pipeline: pg_to_pg
            source:
              use: source-postgres
              config:
                host: localhost
              streams:
                - name: users
            destination:
              use: dest-postgres
              config:
                host: localhost
              write_mode: append
            """;

    @TempDir
    Path folder;

    @Test
    void aSmallFileIsAPipeline() {
        Pipeline pipeline = parse(VALID).pipeline();

        assertThat(pipeline.name(), is("pg_to_pg"));
        assertThat(pipeline.source().use(), is("source-postgres"));
        assertThat(pipeline.streams().get(0).name(), is("users"));
        assertThat(pipeline.streams().get(0).syncMode(), is("full_refresh"));
        assertThat(pipeline.destination().config().get("host").asText(), is("localhost"));
        assertThat(pipeline.writeMode(), is("append"));
        assertThat(pipeline.onDataError(), is("fail"));
        assertThat(pipeline.schemaEvolution(), is(SchemaEvolutionSection.DEFAULTS));
        assertThat(pipeline.resources().checkpointIntervalBytes(), equalTo(null));
        assertThat(pipeline.resources().parallelism().on(1), is(2));
        assertThat(pipeline.source().permissions().allowedHosts(), equalTo(null));
    }

    @Test
    void everyMemberIsRead() {
        Pipeline pipeline = parse("""
                        version: 1.0
                        pipeline: everything
                        source:
                          use: ./my.wasm
                          sha256: 0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef
                          config: {}
                          streams:
                            - {name: a, sync_mode: full_refresh, columns: [x, y]}
                            - {name: b}
                          permissions:
                            network: {allowed_hosts: [db.example.com, "*.internal:5432"]}
                            env: {allowed_vars: [HOME]}
                            fs: {allowed_preopens: [/tmp]}
                          limits: {max_memory: 256mb, timeout_seconds: 60}
                        transforms: []
                        destination:
                          use: dest-postgres
                          write_mode: replace
                          primary_key: [id]
                          on_data_error: skip
                          schema_evolution: {new_column: ignore, removed_column: fail, type_change: null, nullability_change: fail}
                        resources:
                          parallelism: 4
                          max_memory: 1gb
                          max_batch_bytes: 4mb
                          max_record_bytes: 1048576
                          max_records: 1000
                          max_inflight_batches: 8
                          compression: lz4
                          checkpoint_interval_bytes: 32mb
                          checkpoint_interval_rows: 100000
                          checkpoint_interval_seconds: 60
                          autotune: {enabled: false}
                        """).pipeline();

        assertThat(pipeline.source().sha256(), containsString("abcdef"));
        assertThat(pipeline.source().permissions().allowedHosts(), contains("db.example.com", "*.internal:5432"));
        assertThat(pipeline.source().permissions().allowedVars(), contains("HOME"));
        assertThat(pipeline.source().permissions().allowedPreopens(), contains("/tmp"));
        assertThat(pipeline.source().limits(), is(new LimitsSection(ByteSize.parse("256mb"), 60)));
        assertThat(pipeline.streams().get(0).columns(), contains("x", "y"));
        assertThat(pipeline.primaryKey(), contains("id"));
        assertThat(
                pipeline.resources(),
                is(new Resources(
                        new Parallelism(4),
                        ByteSize.parse("1gb"),
                        ByteSize.parse("4mb"),
                        ByteSize.parse("1mb"),
                        1000,
                        8,
                        ByteSize.parse("32mb"),
                        100_000L,
                        60L,
                        "lz4",
                        null,
                        null,
                        null,
                        new AutotuneSection(false, null, null, null))));
        assertThat(pipeline.onDataError(), is("skip"));
        assertThat(pipeline.schemaEvolution(), is(new SchemaEvolutionSection("ignore", "fail", "null", "fail")));
    }

    @Test
    void allProblemsAreNamedAtOnceEachWithItsPlace() {
        List<String> problems = problems("""
                version: "2.0"
                pipeline: pg to pg
                source:
                  use: source-postgres
                  config: [1]
                  streams:
                    - nam: users
                      sync_mode: fullrefresh
                    - name: orders
                      columns: []
                destinatoin:
                  use: dest-postgres
                resources:
                  parallelism: 0
                  max_memory: lots
                  max_batch_bytes: 64mb
                  compression: gzip
                  max_inflight_batches: many
                """);

        assertThat(
                problems,
                contains(
                        "p.yaml:1:1: the field 'destination' is missing: the connector that writes, its configuration and how"
                                + " it writes",
                        "p.yaml:1:10: version: expected 1.0, found the text '2.0'; did you mean '1.0'?",
                        "p.yaml:2:11: pipeline: expected a name of letters, digits, '_', '-' and '.' that begins with a letter,"
                                + " at most 100 long, found the text 'pg to pg'",
                        "p.yaml:5:11: source.config: expected a mapping, found a list",
                        "p.yaml:7:7: source.streams[0]: the field 'name' is missing: the table, with its schema where it is not"
                                + " the configured one",
                        "p.yaml:7:7: source.streams[0].nam: unknown field; did you mean 'name'? (known here: name, sync_mode,"
                                + " cursor_field, tie_breaker_field, partition_key, columns)",
                        "p.yaml:8:18: source.streams[0].sync_mode: expected one of full_refresh, incremental, cdc, found the"
                                + " text 'fullrefresh'; did you mean 'full_refresh'?",
                        "p.yaml:10:16: source.streams[1].columns: must not be empty",
                        "p.yaml:11:1: destinatoin: unknown field; did you mean 'destination'? (known here: version, pipeline,"
                                + " source, transforms, destination, resources, state)",
                        "p.yaml:14:16: resources.parallelism: expected 'auto' or a whole number from 1 to 1024, found 0",
                        "p.yaml:15:15: resources.max_memory: expected a size such as 64mb, 1.5gb or 4096, found the text 'lots'",
                        "p.yaml:17:16: resources.compression: expected one of none, lz4, zstd, null, found the text 'gzip'",
                        "p.yaml:18:25: resources.max_inflight_batches: expected a whole number, found the text 'many'"));
    }

    @Test
    void textThatIsNoYamlIsOneProblem() {
        assertThat(
                problems("version: \"1.0\"\npipeline: [a\nsource: b\n"),
                contains(containsString("p.yaml:3:7: not valid YAML: ")));
        assertThat(problems(""), contains("p.yaml:1:1: the file is empty; expected a pipeline"));
        assertThat(problems("just text"), contains("p.yaml:1:1: expected a mapping, found the text 'just text'"));
        assertThat(
                problems(VALID + "---\n" + VALID),
                contains(containsString("a second document begins here; a pipeline file holds exactly one")));
        assertThat(
                problems(VALID.replace("pipeline: pg_to_pg", "pipeline: a\npipeline: b")),
                contains("p.yaml:3:1: the field 'pipeline' occurs twice, first in line 2; keep one of them"));
    }

    @Test
    void aFileThatCannotBeReadIsOneProblem() throws IOException {
        Path absent = folder.resolve("absent.yaml");
        Path binary = Files.write(folder.resolve("binary.yaml"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
        Path huge = Files.write(folder.resolve("huge.yaml"), new byte[1024 * 1024 + 1]);

        assertThat(messageOf(absent), is(absent + ":1:1: there is no such file"));
        assertThat(messageOf(folder), is(folder + ":1:1: this is a folder; expected a pipeline file"));
        assertThat(messageOf(binary), is(binary + ":1:1: the file is not UTF-8 text"));
        assertThat(messageOf(huge), containsString("a pipeline file has at most 1048576"));
    }

    @Test
    void variablesArePutIntoParsedText() {
        PipelineFile file = parse(withSourceConfig("""
                {host: "${PGHOST:-db.example.com}", port: "${PGPORT}", password: "${PGPASSWORD}",
                     literal: "$${PGPASSWORD} costs $5", joined: "${PGPORT}-${PGPORT}", empty: "${EMPTY:-filled}"}"""));

        JsonNode config = file.pipeline().source().config();
        assertThat(config.get("host").asText(), is("db.example.com"));
        assertThat(config.get("password").asText(), is("s3cret: {[}]\"'#"));
        assertThat(config.get("literal").asText(), is("${PGPASSWORD} costs $5"));
        assertThat(config.get("joined").asText(), is("6543-6543"));
        assertThat(config.get("empty").asText(), is("filled"));
    }

    @Test
    void aSecretCanComeFromAFileBesideThePipeline() throws IOException {
        Files.writeString(folder.resolve("password.txt"), "from a file\n");

        PipelineFile file = parse(withSourceConfig("password: ${file:password.txt}"));

        assertThat(file.pipeline().source().config().get("password").asText(), is("from a file"));
    }

    @Test
    void aVariableWithoutValueIsAProblem() {
        assertThat(
                problems(withSourceConfig("host: ${PG_HOST_UNSET}")),
                contains(
                        "p.yaml:6:11: source.config.host: the environment variable PG_HOST_UNSET is not set; set it, or write"
                                + " ${PG_HOST_UNSET:-default} to give it a default"));
        assertThat(
                problems(withSourceConfig("host: \"${not a name}\"")),
                contains(
                        "p.yaml:6:11: source.config.host: '${not a name}' is no reference; expected ${NAME}, ${NAME:-default} or"
                                + " ${file:/path}"));
        assertThat(problems(withSourceConfig("host: ${PGHOST")), contains(containsString("'${' has no closing '}'")));
        assertThat(
                problems(withSourceConfig("host: ${file:nowhere}")),
                contains(containsString("nowhere does not exist")));
    }

    @Test
    void theConfigOfAConnectorIsValidatedByItsManifest() throws IOException {
        JsonNode schema = new ObjectMapper().readTree("""
                        {"type": "object", "additionalProperties": false, "required": ["host", "database"],
                         "properties": {
                           "host": {"type": "string"},
                           "port": {"type": "integer", "minimum": 1, "maximum": 65535},
                           "database": {"type": "string", "description": "the database to connect to"},
                           "ssl": {"type": "boolean"},
                           "password": {"type": "string", "maxLength": 5, "x-secret": true}}}
                        """);
        PipelineFile good = parse(withSourceConfig("{host: h, database: d, port: \"${PGPORT}\", ssl: \"${SSL}\"}"));
        PipelineFile bad =
                parse(withSourceConfig("{hots: h, port: \"${BAD_PORT}\", password: s3cret-in-file, ssl: 1}"));

        assertThat(validated(good, schema), is(List.of()));
        assertThat(good.pipeline().source().config().get("port").isInt(), is(true));
        assertThat(good.pipeline().source().config().get("ssl").isBoolean(), is(true));
        List<String> problems = validated(bad, schema);
        assertThat(
                problems,
                contains(
                        "p.yaml:6:5: source.config: the field 'host' is missing [source-postgres]",
                        "p.yaml:6:5: source.config: the field 'database' is missing: the database to connect to"
                                + " [source-postgres]",
                        "p.yaml:6:6: source.config.hots: unknown field; did you mean 'host'? (known here: host, port, database,"
                                + " ssl, password) [source-postgres]",
                        "p.yaml:6:21: source.config.port: expected a whole number, found another value in '${BAD_PORT}'"
                                + " [source-postgres]",
                        "p.yaml:6:46: source.config.password: does not fit the rule 'maxLength' of its schema"
                                + " [source-postgres]",
                        "p.yaml:6:67: source.config.ssl: expected true or false, found 1 [source-postgres]"));
        assertThat(String.join("\n", problems), not(containsString("s3cret")));
    }

    @Test
    void streamsAreNamedOnce() {
        assertThat(
                problems(VALID.replace("    - name: users\n", "    - name: users\n    - name: users\n")),
                contains(
                        "p.yaml:9:13: source.streams[1].name: the stream 'users' is already in line 8; name each stream once"));
    }

    @Test
    void whatThisVersionDoesNotRunIsRefusedInOneSentenceEach() {
        List<String> problems = problems("""
                version: "1.0"
                pipeline: pg_to_pg
                source:
                  use: source-postgres
                  config: {host: localhost}
                  streams:
                    - name: users
                      sync_mode: incremental
                      cursor_field: updated_at
                    - name: changes
                      sync_mode: cdc
                    - name: parted
                      tie_breaker_field: id
                transforms:
                  - use: transform-sql
                    config: {query: SELECT 1}
                destination:
                  use: dest-postgres
                  config: {host: localhost}
                  write_mode: append
                resources:
                  max_retries: 3
                  autotune: {enabled: true}
                state:
                  backend: sqlite
                  connection: /var/lib/state.db
                """);

        assertThat(
                problems,
                contains(
                        "p.yaml:8:7: source.streams[0].sync_mode: this version does not run incremental streams; use"
                                + " full_refresh, which reads the whole table",
                        "p.yaml:11:7: source.streams[1].sync_mode: this version does not run cdc streams; use full_refresh,"
                                + " which reads the whole table",
                        "p.yaml:13:7: source.streams[2].tie_breaker_field: a full_refresh stream has no use for it; remove it",
                        "p.yaml:14:1: transforms: this version does not run transforms; remove the section",
                        "p.yaml:22:3: resources.max_retries: this version leaves retries to the runner; remove the field",
                        "p.yaml:23:3: resources.autotune: this version does not tune itself; set parallelism and remove the"
                                + " section"));
    }

    @Test
    void whatIsSaidOfBadRecordsAndDriftIsValidatedWithItsPlace() {
        List<String> problems = problems(VALID.replace("write_mode: append", """
                write_mode: upsert
                  on_data_error: drop
                  schema_evolution: {new_column: adds, type_change: widen, renamed_column: fail}
                resources:
                  checkpoint_interval_bytes: soon
                  checkpoint_interval_rows: -1
                  checkpoint_interval_seconds: 1000000"""));

        assertThat(
                problems,
                contains(
                        "p.yaml:14:18: destination.on_data_error: expected one of fail, skip, dlq, found the text 'drop'",
                        "p.yaml:15:34: destination.schema_evolution.new_column: expected one of add, ignore, fail, found the"
                                + " text 'adds'; did you mean 'add'?",
                        "p.yaml:15:53: destination.schema_evolution.type_change: expected one of fail, coerce, null, found the"
                                + " text 'widen'",
                        "p.yaml:15:60: destination.schema_evolution.renamed_column: unknown field; did you mean"
                                + " 'removed_column'? (known here: new_column, removed_column, type_change, nullability_change)",
                        "p.yaml:17:30: resources.checkpoint_interval_bytes: expected a size such as 64mb, 1.5gb or 4096, found"
                                + " the text 'soon'",
                        "p.yaml:18:29: resources.checkpoint_interval_rows: expected at least 0, found -1",
                        "p.yaml:19:32: resources.checkpoint_interval_seconds: expected at most 86400, found 1000000"));
    }

    @Test
    void anUpsertNeedsToKnowWhichRowIsWhich() {
        assertThat(
                problems(VALID.replace("write_mode: append", "write_mode: upsert")),
                contains("p.yaml:13:15: destination.write_mode: upsert needs destination.primary_key, the columns that"
                        + " identify a row"));
        assertThat(
                parse(VALID.replace("write_mode: append", "write_mode: upsert\n  primary_key: [a, b]"))
                        .pipeline()
                        .primaryKey(),
                contains("a", "b"));
    }

    @Test
    void sizesThatNothingCanWorkWithAreRefused() {
        String resources = """
                resources:
                  max_batch_bytes: 10kb
                  max_record_bytes: 2gb
                  max_memory: 0
                """;

        assertThat(
                problems(VALID + resources),
                contains(
                        "p.yaml:15:20: resources.max_batch_bytes: expected a size from 16kb to 1gb, found 10kb",
                        "p.yaml:16:21: resources.max_record_bytes: expected a size from 1b to 1gb, found 2gb",
                        "p.yaml:17:15: resources.max_memory: expected a size from 1b to 4gb, found 0"));
    }

    @Test
    void anchorsAliasesAndMergeKeysWork() {
        Pipeline pipeline = parse("""
                        version: "1.0"
                        pipeline: anchored
                        source:
                          use: source-postgres
                          config: &server {host: localhost, port: 5432}
                          streams: [{name: users}]
                        destination:
                          use: dest-postgres
                          config:
                            <<: *server
                            port: 5433
                          write_mode: append
                        """).pipeline();

        assertThat(pipeline.destination().config().get("host").asText(), is("localhost"));
        assertThat(pipeline.destination().config().get("port").asInt(), is(5433));
    }

    @Test
    void aliasesThatMultiplyAreRefused() {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for (int i = 1; i < 12; i++) {
            String before = "*a" + (i - 1);
            bomb.append(
                    "a%d: &a%d [%s]\n".formatted(i, i, String.join(",", java.util.Collections.nCopies(10, before))));
        }

        assertThat(problems(bomb.toString()), contains(containsString("more than 200000 values")));
    }

    private static String withSourceConfig(String members) {
        int at = VALID.indexOf("host: localhost");
        return VALID.substring(0, at) + members + VALID.substring(at + "host: localhost".length());
    }

    private PipelineFile parse(String text) {
        return PipelineFile.parse("p.yaml", text, folder, ENVIRONMENT::get);
    }

    private List<String> problems(String text) {
        ConfigurationException refused = assertThrows(ConfigurationException.class, () -> parse(text));
        return refused.problems().stream().map(ConfigProblem::toString).toList();
    }

    private static List<String> validated(PipelineFile file, JsonNode schema) {
        return file.validateConfig(file.pipeline().source(), "source-postgres", schema).stream()
                .map(ConfigProblem::toString)
                .toList();
    }

    private static String messageOf(Path file) {
        return assertThrows(ConfigurationException.class, () -> PipelineFile.read(file, ENVIRONMENT::get))
                .getMessage();
    }
}
