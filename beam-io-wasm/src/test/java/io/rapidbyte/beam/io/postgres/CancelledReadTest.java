// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.instanceOf;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.testing.OwnThread;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.ReadCallbacks;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is cancelled here does not go on at the server. */
@Timeout(60)
class CancelledReadTest {
    static final class Everything implements ReadCallbacks {
        @Override
        public boolean claim(long unit) {
            return true;
        }

        @Override
        public void emit(Frame frame) {
            // Nothing arrives here.
        }
    }

    @Test
    void aQueryThatSendsNothingEndsWithItsReader() throws InterruptedException {
        try (TestSchema schema = PostgresServer.shared().newSchema()) {
            schema.execute("create view endless as select pg_sleep(600)::text as slept");
            Map<String, Object> config = schema.config();
            config.put("application_name", schema.name());
            try (SourceConnector source = PostgresCopy.openSource(config)) {
                StreamPlan plan = source.plan(StreamSpec.of("endless"));
                CompletableFuture<Void> reading =
                        CompletableFuture.runAsync(() -> source.read(plan, 0, 1, new Everything()), OwnThread.EACH);
                awaitBackends(schema, 1, " and state = 'active' and query like 'COPY%'");

                source.cancel();

                Throwable cause =
                        assertThrows(ExecutionException.class, reading::get).getCause();
                assertThat(cause, instanceOf(ConnectorException.class));
                assertThat(((ConnectorException) cause).error().category(), is(Category.CANCELLED));
            }
            awaitBackends(schema, 0, "");
        }
    }

    /** Asks until it is so; the test's time limit ends it. */
    private static void awaitBackends(TestSchema schema, int count, String condition) {
        String backends =
                "select count(*) from pg_stat_activity where application_name = '" + schema.name() + "'" + condition;
        while (!schema.value(backends).equals(String.valueOf(count))) {
            Thread.onSpinWait();
        }
    }
}
