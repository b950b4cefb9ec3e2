// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bundled connectors, compiled ahead of time, against a real server. */
class PostgresConnectorsTest {
    private static final ConnectorModule SOURCE = ConnectorModule.bundled("source-postgres");
    private static final ConnectorModule DESTINATION = ConnectorModule.bundled("dest-postgres");
    private static final InstanceOptions OPTIONS = InstanceOptions.of("run-1");

    private static String config(TestSchema schema, Map<String, Object> changes) {
        Map<String, Object> config = new HashMap<>(schema.config());
        config.putAll(changes);
        try {
            return Json.MAPPER.writeValueAsString(config);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aTableIsMovedByCodeThatWasCompiledAheadOfTime(@TempDir Path cache) throws Exception {
        WasmHost host = new WasmHost(HostSettings.fromSystem().withCacheDirectory(cache));
        try (TestSchema from = PostgresServer.shared().newSchema();
                TestSchema to = PostgresServer.shared().newSchema()) {
            from.execute(
                    "CREATE TABLE items (id bigint PRIMARY KEY, name text, price numeric(10,2))",
                    "INSERT INTO items SELECT n, 'item ' || n, n / 100.0 FROM generate_series(1, 20000) n",
                    "ANALYZE items");
            Probes.Reader reader = new Probes.Reader();
            StreamPlan plan;
            try (SourceConnector source = host.openSource(SOURCE, config(from, Map.of()), OPTIONS)) {
                assertThat(source.check(List.of(StreamSpec.of("items"))).ok(), is(true));
                plan = source.plan(StreamSpec.of("items"));
                assertThat(source.read(plan, 0, plan.units(), reader).rows(), is(20_000L));
                assertThat(host.lastLoad(SOURCE).orElseThrow().origin(), is(LoadTimings.CodeOrigin.AHEAD_OF_TIME));
            }
            try (DestinationConnector destination = host.openDestination(DESTINATION, config(to, Map.of()), OPTIONS)) {
                WriteRequest request = Probes.writeRequest(plan);
                destination.apply(request);
                assertThat(
                        destination
                                .write(request, new Probes.Feed(reader.frames))
                                .rows(),
                        is(20_000L));
                destination.finalizeStream(request);
                assertThat(host.lastLoad(DESTINATION).orElseThrow().origin(), is(LoadTimings.CodeOrigin.AHEAD_OF_TIME));
            }
            String checksum = "SELECT count(*) || ' ' || sum(hashtext(t::text)) FROM ";
            assertThat(
                    to.value(checksum + to.quoted() + ".items t"),
                    is(from.value(checksum + from.quoted() + ".items t")));
        }
        assertThat("nothing was compiled, so nothing is kept", cache.toFile().list().length, is(0));
    }

    @Test
    void batchesThatAreWrittenAgainAreThereOnceAndCountedAgain() {
        WasmHost host = WasmHost.shared();
        try (TestSchema from = PostgresServer.shared().newSchema();
                TestSchema to = PostgresServer.shared().newSchema()) {
            from.execute(
                    "CREATE TABLE items (id bigint PRIMARY KEY, name text)",
                    "INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 20000) n",
                    "ANALYZE items");
            Probes.Reader reader = new Probes.Reader();
            StreamPlan plan;
            try (SourceConnector source = host.openSource(SOURCE, config(from, Map.of()), OPTIONS)) {
                plan = source.plan(StreamSpec.of("items"));
                source.read(plan, 0, plan.units(), reader);
            }
            WriteRequest request = Probes.writeRequest(plan);
            String rows = "SELECT count(*) || ' of ' || count(DISTINCT id) FROM " + to.quoted() + ".items";
            // With two rows that say what they are of and what they are in, and at the end one that says so.
            String ledger = "SELECT count(*) || ' from ' || min(unit) FROM " + to.quoted() + "._rapidbyte_ledger";
            WriteResult first = null;
            for (int attempt = 1; attempt <= 2; attempt++) {
                try (DestinationConnector destination =
                        host.openDestination(DESTINATION, config(to, Map.of()), OPTIONS)) {
                    destination.apply(request);
                    WriteResult written = destination.write(request, new Probes.Feed(reader.frames));
                    assertThat(written.rows(), is(20_000L));
                    first = first == null ? written : first;
                    assertThat(written, is(first));
                    assertThat(to.value(rows), is("20000 of 20000"));
                    assertThat(to.value(ledger), is(reader.frames.size() + 2 + " from -2"));
                }
            }
            try (DestinationConnector destination = host.openDestination(DESTINATION, config(to, Map.of()), OPTIONS)) {
                destination.finalizeStream(request);
                assertThat(to.value(ledger), is(reader.frames.size() + 3 + " from -2"));
                assertThat(
                        "what the run has written is known, for runners that start again from before its end",
                        destination.write(request, new Probes.Feed(reader.frames)),
                        is(first));
                Frame known = reader.frames.get(0);
                Frame late = new Frame(plan.units(), 0, known.rows(), known.bytes());
                Failures.of(
                        Category.DATA, "run_ended", () -> destination.write(request, new Probes.Feed(List.of(late))));
                assertThat(to.value(rows), is("20000 of 20000"));
            }
        }
    }

    @Test
    void aBundledModuleTravelsByNameAndHash() throws Exception {
        java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
        try (java.io.ObjectOutputStream out = new java.io.ObjectOutputStream(bytes)) {
            out.writeObject(SOURCE);
        }
        assertThat(bytes.size() < 1_000, is(true));
        try (java.io.ObjectInputStream in =
                new java.io.ObjectInputStream(new java.io.ByteArrayInputStream(bytes.toByteArray()))) {
            assertThat(in.readObject(), is(SOURCE));
        }
    }

    @Test
    void aWrongPasswordIsOneSentenceWithoutIt() {
        try (TestSchema schema = PostgresServer.shared().newSchema();
                SourceConnector source = WasmHost.shared()
                        .openSource(SOURCE, config(schema, Map.of("password", "not-the-one")), OPTIONS)) {
            ConnectorException failure = Failures.of(Category.AUTH, "28P01", () -> source.plan(StreamSpec.of("items")));
            assertThat(failure.getMessage(), not(containsString("not-the-one")));
        }
    }

    @Test
    void aServerThatNeverAnswersDoesNotHoldACall() throws IOException {
        try (TestSchema schema = PostgresServer.shared().newSchema();
                ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            InstanceOptions options = OPTIONS.withLimits(Limits.defaults().withCallTimeout(Duration.ofSeconds(1)));
            String config = config(schema, Map.of("host", "localhost", "port", silent.getLocalPort()));
            try (SourceConnector source = WasmHost.shared().openSource(SOURCE, config, options)) {
                Failures.of(Category.INTERNAL, "guest_timeout", () -> source.plan(StreamSpec.of("items")));
            }
        }
    }
}
