// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.StreamSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What of a pipeline file a position depends on. */
class StreamRouteTest {
    private static final String FILE = """
            version: "1.0"
            pipeline: shop
            source:
              use: source-postgres
              config: {host: db.internal, user: reader, password: s3cret-1, database: shop}
              streams:
                - {name: orders, sync_mode: incremental, cursor_field: updated_at}
            destination:
              use: dest-postgres
              config: {host: dwh.internal, user: loader, password: s3cret-2, database: warehouse}
              write_mode: append
            """;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "host: db.internal | host: db2.internal | source.config.host was db.internal and is now db2.internal",
                "database: shop | database: shop2 | source.config.database was shop and is now shop2",
                "database: shop | database: shop, port: 6432 | source.config.port was 5432 and is now 6432",
                "database: shop | database: shop, schema: raw | source.config.schema was public and is now raw",
                "host: dwh.internal | host: dwh2.internal | destination.config.host was dwh.internal and is now dwh2.internal",
                "database: warehouse | database: lake | destination.config.database was warehouse and is now lake",
                "database: warehouse | database: warehouse, schema: raw | destination.config.schema was not set and is now raw",
                "cursor_field: updated_at | cursor_field: id | cursor_field was updated_at and is now id",
                "cursor_field: updated_at | cursor_field: updated_at, tie_breaker_field: id | tie_breaker_field was not set and is now id"
            })
    void whereRowsComeFromAndGoToMatters(String was, String is, String change) {
        assertThat(changes(FILE, FILE.replace(was, is)), contains(change));
        assertThat(changes(FILE.replace(was, is), FILE).size(), is(1));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "password: s3cret-1 | password: s3cret-3",
                "user: reader | user: another",
                "database: shop | database: shop, sslmode: require, connect_timeout_seconds: 60, snapshot: none",
                "database: shop | database: shop, port: 5432",
                "database: shop | database: shop, port: '5432'",
                "database: shop | database: shop, schema: public",
                "database: warehouse | database: warehouse, load_method: insert, copy_flush_bytes: 1048576",
                "database: warehouse | database: warehouse, schema: null",
                "cursor_field: updated_at | cursor_field: updated_at, columns: [id, updated_at]",
                "write_mode: append | write_mode: upsert; primary_key: [id]",
                "write_mode: append | write_mode: append; on_data_error: skip"
            })
    void howItIsDoneDoesNot(String was, String is) {
        String changed = FILE.replace(was, is.replace("; ", "\n  "));
        assertThat(changes(FILE, changed), empty());
    }

    @Test
    void whatIsStoredCanBeReadAndHoldsNoSecret() {
        String stored = route(FILE).json();

        assertThat(stored, containsString("\"source.config.database\":\"shop\""));
        assertThat(stored, not(containsString("s3cret")));
    }

    @Test
    void whatOneVersionOfAConnectorDoesNotKnowSaysNothing() {
        assertThat(
                route(FILE).changesSince("{\"source.use\":\"source-postgres\",\"source.config.tenant\":\"a\"}"),
                empty());
    }

    /** A checksum and single members have nothing in common, so that a change of them would go unseen. */
    @ParameterizedTest
    @ValueSource(strings = {"source", "destination"})
    void aVersionOfAConnectorThatMarksMembersCannotBeComparedWithOneThatMarkedNone(String section) {
        String use = "{\"%s.use\":\"%s\","
                .formatted(section, section.equals("source") ? "source-postgres" : "dest-postgres");

        assertThat(
                route(FILE).changesSince(use + "\"" + section + ".config\":\"0123abcd\"}"),
                contains(section + ".config cannot be compared with what another version of the connector stored"));
        assertThat(
                "another connector is enough of a change",
                route(FILE).changesSince("{\"" + section + ".use\":\"probe\",\"" + section + ".config\":\"0123abcd\"}"),
                contains(startsWith(section + ".use was probe and is now ")));
    }

    @Test
    void norCanOneThatMarksNoneAnyMore() throws IOException {
        assertThat(
                route(probe("{units: 3}"))
                        .changesSince("{\"source.use\":\"probe-source\",\"source.config.units\":\"3\"}"),
                contains("source.config cannot be compared with what another version of the connector stored"));
    }

    @Test
    void anotherConnectorIsAChange() {
        assertThat(
                route(FILE).changesSince("{\"source.use\":\"source-mysql\"}"),
                contains("source.use was source-mysql and is now source-postgres"));
    }

    /** Nobody has said which of them may be shown. */
    @Test
    void ofAConnectorThatMarksNothingEverythingButSecretsMattersAndNothingIsShown() throws IOException {
        String units = probe("{units: 3, password: s3cret-1}");

        assertThat(changes(units, probe("{units: 4, password: s3cret-1}")), contains("source.config has changed"));
        assertThat(changes(units, probe("{units: 3, password: s3cret-2}")), empty());
        assertThat(
                route(units).json(),
                allOf(containsString("\"source.use\":\"probe-source\""), not(containsString("units"))));
    }

    private String probe(String config) throws IOException {
        Path module = Files.write(
                folder.resolve("probe.wasm"),
                ConnectorModule.bundled("probe-source").bytes());
        return FILE.replace("use: source-postgres", "use: " + module)
                .replaceFirst("config: \\{host: db.*\\}", "config: " + config)
                .replace(", sync_mode: incremental, cursor_field: updated_at", "");
    }

    private static List<String> changes(String was, String is) {
        return route(is).changesSince(route(was).json());
    }

    private static StreamRoute route(String file) {
        PreparedPipeline pipeline = PreparedPipeline.prepare(
                PipelineFile.parse("shop.yaml", file, Path.of("."), Map.<String, String>of()::get),
                new ConnectorResolver(name -> null));
        StreamSpec stream = pipeline.streams().get(0);
        return StreamRoute.of(pipeline, stream);
    }
}
