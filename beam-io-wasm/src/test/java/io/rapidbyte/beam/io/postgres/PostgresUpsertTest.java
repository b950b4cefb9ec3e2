// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.beam.io.WasmIO;
import io.rapidbyte.beam.io.postgres.PostgresCopy.Runner;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.SyncMode;
import io.rapidbyte.wasm.WriteMode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.beam.sdk.Pipeline;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rows that are merged into those that the target has. */
class PostgresUpsertTest {
    private TestSchema source;
    private TestSchema target;

    @BeforeEach
    void createSchemas() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
    }

    @AfterEach
    void dropSchemas() {
        target.close();
        source.close();
    }

    @ParameterizedTest
    @CsvSource({"DIRECT, copy", "DIRECT, insert", "FLINK, copy", "FLINK, insert"})
    void theTargetBecomesWhatTheSourceIs(Runner runner, String loadMethod) {
        source.execute(
                "CREATE TABLE t (a integer, b text, amount numeric(10,2), at timestamp, PRIMARY KEY (b, a))",
                "INSERT INTO t SELECT g, 'key ' || g % 3, g, '2020-01-01' FROM generate_series(1, 30000) g");
        upsert(runner, loadMethod, List.of("a", "b"), StreamSpec.of("t"));
        assertThat(differences(source, "t", target, "t"), empty());
        target.execute(
                "ALTER TABLE t ADD note text DEFAULT 'new'",
                "UPDATE t SET note = 'kept'",
                "INSERT INTO t VALUES (0, 'only here')");
        source.execute(
                "UPDATE t SET amount = 'NaN', at = '294276-12-31' WHERE a % 5 = 0",
                "INSERT INTO t SELECT g, 'more', NULL, NULL FROM generate_series(1, 2000) g");
        upsert(runner, loadMethod, List.of("a", "b"), StreamSpec.of("t"));
        source.execute("CREATE VIEW seen AS SELECT a, b, amount, at FROM t");
        target.execute("CREATE VIEW seen AS SELECT a, b, amount, at FROM t WHERE a > 0");
        assertThat(differences(source, "seen", target, "seen"), empty());
        assertThat(
                target.query("SELECT note || ' ' || count(*) FROM t WHERE a > 0 GROUP BY note ORDER BY 1"),
                equalTo(List.of("kept 30000", "new 2000")));
    }

    /** Every version of a row is in the source, in no order, and they arrive in many bundles. */
    @ParameterizedTest
    @CsvSource({"DIRECT, copy", "DIRECT, insert", "FLINK, copy"})
    void theNewestVersionStays(Runner runner, String loadMethod) {
        source.execute(
                "CREATE TABLE t (id integer, version bigint, name text, pad text)",
                "INSERT INTO t SELECT g % 1000, g * 7919 % 100003, 'version ' || g * 7919 % 100003, repeat('x', 200)"
                        + " FROM generate_series(1, 60000) g",
                "ANALYZE t",
                "CREATE VIEW newest AS SELECT DISTINCT ON (id) id, version, name, pad FROM t ORDER BY id, version DESC");
        StreamSpec stream =
                StreamSpec.of("t").withSyncMode(SyncMode.INCREMENTAL).withCursor("version", "id");
        upsert(runner, loadMethod, List.of("id"), stream);
        target.execute("CREATE VIEW newest AS SELECT id, version, name, pad FROM t");
        assertThat(differences(source, "newest", target, "newest"), empty());
        // Whatever comes later and is older changes nothing.
        source.execute(
                "TRUNCATE t",
                "INSERT INTO t SELECT g, -1, 'old', '' FROM generate_series(0, 999) g",
                "DROP VIEW newest");
        List<String> before = target.query("SELECT t::text FROM t ORDER BY id");
        upsert(runner, loadMethod, List.of("id"), stream);
        assertThat(target.query("SELECT t::text FROM t ORDER BY id"), equalTo(before));
    }

    @Test
    void aKeyThatTheTargetDoesNotHaveIsRefusedBeforeAnyRowMoves() {
        source.execute("CREATE TABLE t (id integer PRIMARY KEY, name text)", "INSERT INTO t VALUES (1, 'a')");
        target.execute("CREATE TABLE t (id integer, name text)", "CREATE INDEX ON t (id)");
        RuntimeException failure = assertThrows(
                RuntimeException.class, () -> upsert(Runner.DIRECT, "copy", List.of("id"), StreamSpec.of("t")));
        assertThat(failure.getMessage(), containsString("no primary key or unique index on exactly (id)"));
        failure = assertThrows(
                RuntimeException.class, () -> upsert(Runner.DIRECT, "copy", List.of("nr"), StreamSpec.of("t")));
        assertThat(failure.getMessage(), containsString("the primary_key names 'nr'"));
        assertThat(target.value("SELECT count(*) FROM t"), equalTo("0"));
    }

    private void upsert(Runner runner, String loadMethod, List<String> key, StreamSpec stream) {
        Map<String, Object> config = new HashMap<>(target.config());
        config.put("load_method", loadMethod);
        String run = UUID.randomUUID().toString();
        Pipeline pipeline = Pipeline.create(runner.options());
        pipeline.apply(WasmIO.read()
                        .withConnector(ConnectorModule.bundled("source-postgres"))
                        .withConfig(source.config())
                        .withStreams(List.of(stream))
                        .withRunId(run))
                .apply(WasmIO.write()
                        .withConnector(ConnectorModule.bundled("dest-postgres"))
                        .withConfig(config)
                        .withWriteMode(WriteMode.UPSERT)
                        .withPrimaryKey(key)
                        .withRunId(run));
        pipeline.run().waitUntilFinish();
    }
}
