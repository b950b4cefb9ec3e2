// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamSpec;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which server a source connects to, and what it asks of the session. */
@Timeout(60)
class ServersTest {
    private TestSchema schema;
    private Map<String, Object> config;

    @BeforeEach
    void createTable() {
        schema = PostgresServer.shared().newSchema();
        schema.execute("create table orders as select 1 as id");
        config = schema.config();
    }

    @AfterEach
    void dropTable() {
        schema.close();
    }

    private long plan() {
        try (SourceConnector source = PostgresCopy.openSource(config)) {
            return source.plan(StreamSpec.of("orders")).units();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Test
    void ofSeveralServersTheNextIsTriedWhenOneIsDown() throws IOException {
        int down = freePort();
        config.put("host", config.get("host") + ", " + config.get("host"));
        config.put("port", down + "," + config.get("port"));
        assertThat(plan(), is(1L));

        config.put("port", down);
        ConnectorException failure = assertThrows(ConnectorException.class, this::plan);
        assertThat(failure.error().code(), is("connection_refused"));
        assertThat(failure.getMessage(), containsString("127.0.0.1:" + down));
    }

    @Test
    void aSessionThatIsNotWhatIsAskedForIsRefused() {
        String role = schema.name() + "_careful";
        schema.executeAsSuperuser(
                "create role " + TestSchema.quote(role) + " login password 'geheim'",
                "alter role " + TestSchema.quote(role) + " set default_transaction_read_only = on",
                "grant usage on schema " + schema.quoted() + " to " + TestSchema.quote(role),
                "grant select on orders to " + TestSchema.quote(role));
        try {
            config = schema.config(role, "geheim");
            for (String attributes : new String[] {"any", "read-only", "primary", "prefer-standby"}) {
                config.put("target_session_attrs", attributes);
                assertThat(attributes, plan(), is(1L));
            }
            config.put("target_session_attrs", "read-write");
            ConnectorException failure = assertThrows(ConnectorException.class, this::plan);
            assertThat(failure.error().code(), is("wrong_session"));
            assertThat(
                    failure.getMessage(),
                    allOf(containsString("is read only"), containsString("'target_session_attrs' rules out")));
            config.put("target_session_attrs", "standby");
            assertThat(
                    assertThrows(ConnectorException.class, this::plan).getMessage(), containsString("is no standby"));
        } finally {
            schema.executeAsSuperuser("drop owned by " + TestSchema.quote(role), "drop role " + TestSchema.quote(role));
        }
    }

    @Test
    void aStatementThatTakesLongerThanItMayIsEnded() {
        schema.execute("create view slow as select pg_sleep(600)::text as slept");
        config.put("statement_timeout_seconds", 1);
        try (SourceConnector source = PostgresCopy.openSource(config)) {
            var plan = source.plan(StreamSpec.of("slow"));
            ConnectorException failure = assertThrows(
                    ConnectorException.class, () -> source.read(plan, 0, 1, new CancelledReadTest.Everything()));
            assertThat(failure.error().code(), is("57014"));
            assertThat(failure.error().retryable(), is(true));
        }
    }
}
