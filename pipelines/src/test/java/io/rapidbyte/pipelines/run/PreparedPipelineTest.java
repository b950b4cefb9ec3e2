// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.pipelines.config.ByteSize;
import io.rapidbyte.pipelines.config.ConfigProblem;
import io.rapidbyte.pipelines.config.ConfigurationException;
import io.rapidbyte.pipelines.config.Pipeline;
import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.RecordPolicy;
import io.rapidbyte.wasm.SyncMode;
import io.rapidbyte.wasm.WriteMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreparedPipelineTest {
    private static final Path ORIGINALS = Path.of("src/test/resources/io/rapidbyte/pipelines/config");
    private static final Map<String, String> ENVIRONMENT = Map.of("BENCH_PASSWORD", "b3nch", "HIDDEN", "h1dden/x.wasm");

    private static final String VALID = """
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

    @TempDir
    Path folder;

    @Test
    void aFileOfTheOriginalRunsUnchanged() throws IOException {
        PipelineFile file = PipelineFile.read(ORIGINALS.resolve("original-bench.yaml"), name -> null);
        Pipeline pipeline = file.pipeline();
        PreparedPipeline prepared = PreparedPipeline.prepare(file, new ConnectorResolver(name -> null));

        assertThat(prepared.name(), is("bench_pg_lz4"));
        assertThat(prepared.source().module().name(), is("source-postgres"));
        assertThat(json(prepared.source()), is(new ObjectMapper().readTree("""
                {"host": "localhost", "port": 5433, "user": "postgres", "password": "postgres",
                 "database": "rapidbyte_test"}""")));
        assertThat(prepared.streams().size(), is(1));
        assertThat(prepared.streams().get(0).name(), is("bench_events"));
        assertThat(prepared.streams().get(0).syncMode(), is(SyncMode.FULL_REFRESH));
        assertThat(prepared.destination().module().name(), is("dest-postgres"));
        assertThat(json(prepared.destination()).path("schema").asText(), is("raw"));
        assertThat(json(prepared.destination()).path("password").asText(), is("postgres"));
        assertThat(prepared.writeMode(), is(WriteMode.APPEND));
        assertThat(prepared.resources().compression(), is("lz4"));
        assertThat(prepared.dataErrors(), is(RecordPolicy.FAIL));
        assertThat(pipeline.state().backend(), is("sqlite"));
        assertThat(pipeline.state().connection(), is("rapidbyte_bench_state.db"));
        assertThat(pipeline.folder(), is(ORIGINALS.toAbsolutePath()));
    }

    @Test
    void aFileWithAllOfTheOriginalsSettingsIsUnderstood() throws IOException {
        PreparedPipeline prepared = PreparedPipeline.prepare(
                PipelineFile.read(ORIGINALS.resolve("original-matrix.yaml"), ENVIRONMENT::get),
                new ConnectorResolver(name -> null));

        assertThat(prepared.streams().get(0).syncMode(), is(SyncMode.INCREMENTAL));
        assertThat(prepared.streams().get(0).cursorField(), is("created_at"));
        assertThat(prepared.streams().get(0).tieBreakerField(), is("id"));
        assertThat(prepared.streams().get(1).cursorField(), is(equalTo(null)));
        assertThat(prepared.source().limits().memoryBytes(), is(128L << 20));
        assertThat(prepared.source().limits().guestTime(), is(Duration.ofSeconds(30)));
        assertThat(prepared.source().grants().allowedHosts(), contains("localhost"));
        assertThat(json(prepared.destination()).path("load_method").asText(), is("insert"));
        assertThat(json(prepared.destination()).path("copy_flush_bytes").asLong(), is(4L << 20));
        assertThat(prepared.dataErrors(), is(RecordPolicy.DLQ));
        assertThat(prepared.primaryKey(), contains("id"));
        assertThat(prepared.resources().maxRetries(), is(5));
        assertThat(prepared.resources().autotune().pinParallelism(), is(4));
        assertThat(prepared.resources().autotune().pinSourcePartitionMode(), is("mod"));
        assertThat(prepared.resources().autotune().pinCopyFlushBytes(), is(ByteSize.parse("16mb")));
    }

    @Test
    void theFileOnTheReferencePageIsOne() throws IOException {
        String page = Files.readString(Path.of("../docs/pipeline-file.md"));
        int begin = page.indexOf("```yaml\n") + "```yaml\n".length();

        PreparedPipeline prepared = PreparedPipeline.prepare(
                PipelineFile.parse("p.yaml", page.substring(begin, page.indexOf("```", begin)), folder, name -> "x"),
                new ConnectorResolver(name -> null));

        assertThat(prepared.streams().get(0).syncMode(), is(SyncMode.INCREMENTAL));
        assertThat(prepared.writeMode(), is(WriteMode.UPSERT));
    }

    @Test
    void theFlushSizeIsTheDestinationsUnlessItsConfigurationSaysSo() throws IOException {
        String flush = VALID + "resources: {copy_flush_bytes: 2mb}\n";
        String pinned = VALID + "resources: {autotune: {pin_copy_flush_bytes: 128kb}}\n";
        String own = flush.replace("dest-postgres\n  config: {", "dest-postgres\n  config: {copy_flush_bytes: 65536, ");

        assertThat(json(prepare(VALID).destination()).has("copy_flush_bytes"), is(false));
        assertThat(flushSize(flush), is(2L << 20));
        assertThat(flushSize(pinned), is(128L << 10));
        assertThat(flushSize(flush.replace("2mb", "2mb, autotune: {pin_copy_flush_bytes: 128kb}")), is(2L << 20));
        assertThat(flushSize(own), is(65536L));
    }

    @Test
    void aDestinationWithoutAFlushSizeCannotFollowOne() throws IOException {
        Files.write(
                folder.resolve("probe.wasm"),
                ConnectorModule.bundled("probe-destination").bytes());
        String probe =
                VALID.replace("use: dest-postgres\n  config: {host: h, user: u, database: d}", "use: probe.wasm");

        assertThat(
                problems(probe + "resources: {copy_flush_bytes: 1mb, autotune: {pin_copy_flush_bytes: 1mb}}\n"),
                contains(
                        "p.yaml:11:31: resources.copy_flush_bytes: probe-destination has no copy_flush_bytes in its"
                                + " configuration, so nobody can follow this; remove the field",
                        "p.yaml:11:69: resources.autotune.pin_copy_flush_bytes: probe-destination has no copy_flush_bytes in its"
                                + " configuration, so nobody can follow this; remove the field"));
    }

    @Test
    void deadLettersNeedNoTable() {
        assertThat(prepare(VALID + "  on_data_error: dlq\n").dataErrors(), is(RecordPolicy.DLQ));
    }

    @Test
    void connectorsThatCannotBeUsedDoNotHideEachOtherNorTheRest() throws IOException {
        Files.writeString(folder.resolve("broken.wasm"), "no module");

        List<String> problems = problems(VALID.replace("use: source-postgres", "use: broken.wasm")
                .replace("use: dest-postgres", "use: source-postgres")
                .replace("append", "apend"));

        assertThat(problems.size(), is(3));
        assertThat(problems.get(0), containsString("p.yaml:4:8: source.use: "));
        assertThat(problems.get(0), containsString("broken.wasm"));
        assertThat(
                problems.get(1),
                is("p.yaml:9:8: destination.use: The connector source-postgres is a source, and destination.use needs a"
                        + " destination"));
        assertThat(problems.get(2), containsString("p.yaml:11:15: destination.write_mode: expected one of"));
    }

    @Test
    void aBrokenSectionDoesNotHideWhatTheOtherConnectorsManifestSays() {
        assertThat(
                problems(VALID.replace("write_mode: append", "write_mode: 1")
                        .replace(
                                "source-postgres\n  config: {host: h,",
                                "source-postgres\n  config: {host: h, port: 70000,")),
                contains(
                        "p.yaml:5:27: source.config.port: expected a number from 1 to 65535, found 70000 [source-postgres]",
                        "p.yaml:11:15: destination.write_mode: expected one of append, replace, upsert, found 1"));
    }

    @Test
    void aNameThatIsNearlyAConnectorsIsSuggested() {
        assertThat(
                problems(VALID.replace("use: dest-postgres", "use: dest-postgers"))
                        .get(0),
                containsString(
                        "p.yaml:9:8: destination.use: there is no destination 'dest-postgers'; did you mean 'dest-postgres'?"));
    }

    @Test
    void aChecksumThatDoesNotFitStandsWhereItIsWritten() {
        String other = "ab".repeat(32);

        assertThat(
                problems(VALID.replace("use: dest-postgres", "use: dest-postgres\n  sha256: " + other))
                        .get(0),
                containsString("p.yaml:10:11: destination.sha256: The module bundled dest-postgres has the SHA-256"));
        assertThat(
                problems(VALID.replace("use: dest-postgres", "use: dest-postgres@sha256:" + other))
                        .get(0),
                containsString("p.yaml:9:8: destination.use: The module bundled dest-postgres has the SHA-256"));
    }

    @Test
    void aModuleThatAVariableNamesIsShownAsItIsWritten() {
        List<String> problems = problems(VALID.replace("use: dest-postgres", "use: ${HIDDEN}"));

        assertThat(problems.size(), is(1));
        assertThat(problems.get(0), containsString("${HIDDEN}"));
        assertThat(problems.get(0), not(containsString("h1dden")));
    }

    @Test
    void aHostThatIsNoneIsNamedWithItsPlace() {
        assertThat(
                problems(VALID + "  permissions: {network: {allowed_hosts: [ok, 'db:port', '*.ok:1', 'a b']}}\n"),
                contains(
                        "p.yaml:12:47: destination.permissions.network.allowed_hosts[1]: expected a host as host, host:port,"
                                + " *.suffix, an address, an address range such as 10.0.0.0/8, or *, found 'db:port'",
                        "p.yaml:12:68: destination.permissions.network.allowed_hosts[3]: expected a host as host, host:port,"
                                + " *.suffix, an address, an address range such as 10.0.0.0/8, or *, found 'a b'"));
    }

    private long flushSize(String text) throws IOException {
        return json(prepare(text).destination()).path("copy_flush_bytes").asLong();
    }

    private PreparedPipeline prepare(String text) {
        return PreparedPipeline.prepare(
                PipelineFile.parse("p.yaml", text, folder, ENVIRONMENT::get), new ConnectorResolver(name -> null));
    }

    private List<String> problems(String text) {
        return assertThrows(ConfigurationException.class, () -> prepare(text)).problems().stream()
                .map(ConfigProblem::toString)
                .toList();
    }

    private static JsonNode json(PreparedPipeline.Connector connector) throws IOException {
        return new ObjectMapper().readTree(connector.config());
    }
}
