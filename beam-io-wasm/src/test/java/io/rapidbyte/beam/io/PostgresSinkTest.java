// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.Grants;
import io.rapidbyte.wasm.Limits;
import io.rapidbyte.wasm.RecordPolicy;
import io.rapidbyte.wasm.SchemaEvolution;
import io.rapidbyte.wasm.WriteMode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The writing step, called as a runner calls it, with a destination that writes every batch once. */
@Timeout(60)
class PostgresSinkTest {
    private TestSchema target;

    @BeforeEach
    void createSchema() {
        target = PostgresServer.shared().newSchema();
    }

    @AfterEach
    void dropSchema() {
        target.close();
    }

    @Test
    void twoBatchesOfOneIdentityAreRefused() {
        List<ArrowBatch> orders = SinkTest.read(Map.of("units", 2, "batches_per_unit", 3), "orders");
        try (Sink sink = sink(Map.of(), RecordPolicy.FAIL, List.of())) {
            sink.startBundle();
            orders.forEach(sink::process);
            ConnectorException failure = assertThrows(ConnectorException.class, () -> sink.process(orders.get(4)));
            assertThat(failure.error().code(), is("duplicate_identity"));
            assertThat(failure.error().retryable(), is(false));
            assertThat(
                    failure.getMessage(),
                    containsString("Two batches of stream orders are batch 1 of unit 1 of one run."));

            sink.startBundle();
            orders.forEach(sink::process);
            assertThat("a bundle that is repeated has them again", sink.finishBundle(), hasSize(1));
        }
    }

    private Sink sink(Map<String, ?> more, RecordPolicy dataErrors, List<String> primaryKey) {
        Map<String, Object> config = new HashMap<>(target.config());
        config.putAll(more);
        ConnectorSpec spec = new ConnectorSpec(
                ConnectorModule.bundled("dest-postgres"),
                ConnectorConfig.ofMap(config),
                null,
                null,
                Grants.manifestOnly(),
                Limits.defaults());
        WriteSettings settings =
                new WriteSettings(WriteMode.APPEND, primaryKey, dataErrors, SchemaEvolution.defaults(), Map.of());
        return new Sink(spec, settings, CheckpointIntervals.NONE, 4, Long.MAX_VALUE);
    }
}
