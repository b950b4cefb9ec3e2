// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.testing.OwnThread;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** A guest's connections to real sockets. */
class NetworkTest {

    private static JsonNode observe(String config, InstanceOptions options) {
        try (GuestInstance guest = Probes.instance(config, options)) {
            return observe(guest);
        }
    }

    private static JsonNode observe(GuestInstance guest) {
        ObjectNode request = Payloads.object().put("from", 0).put("to", 1);
        request.set("stream", Payloads.stream(Probes.STREAM));
        request.set("plan", Payloads.object());
        return guest.call(LifecycleCall.READ, request, new ReadState(0, 1, new Probes.Reader()), null)
                .path("observed");
    }

    private static String config(int port) {
        return "{'behaviour': 'connect', 'host': 'localhost', 'port': " + port + "}";
    }

    private static ServerSocket server() throws IOException {
        return new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    }

    @Test
    void bytesGoBothWaysAndAreCounted() throws IOException {
        try (ServerSocket server = server()) {
            CompletableFuture<Void> answering = CompletableFuture.runAsync(
                    () -> {
                        try (Socket socket = server.accept()) {
                            assertThat(new String(socket.getInputStream().readNBytes(4)), is("ping"));
                            socket.getOutputStream().write("pong".getBytes());
                        } catch (IOException e) {
                            throw new java.io.UncheckedIOException(e);
                        }
                    },
                    OwnThread.EACH);
            try (GuestInstance guest = Probes.instance(config(server.getLocalPort()), Probes.options())) {
                assertThat(observe(guest).get(1).path("value").asText(), is("pong"));
                answering.join();
                Timings timings = guest.timings();
                assertThat(timings.get("tcp_read").bytes(), is(4L));
                assertThat(timings.get("tcp_write").bytes(), is(4L));
                assertThat(timings.get("tcp_connect").count(), is(1L));
                assertThat(timings.get("tcp_connect").nanos(), is(greaterThan(0L)));
            }
        }
    }

    @Test
    void aPortThatThePipelineForbidsIsDenied() throws IOException {
        try (ServerSocket server = server()) {
            InstanceOptions options =
                    Probes.options().withGrants(Grants.nothing().withAllowedHosts(List.of("localhost:1")));
            JsonNode error =
                    observe(config(server.getLocalPort()), options).get(0).path("error");
            assertThat(error.path("category").asText(), is("permission"));
            assertThat(error.path("code").asText(), is("network_denied"));
            assertThat(error.path("message").asText(), containsString("localhost:" + server.getLocalPort()));
        }
    }

    @Test
    void aPortWhereNobodyListensIsRefused() throws IOException {
        int port;
        try (ServerSocket server = server()) {
            port = server.getLocalPort();
        }
        JsonNode error = observe(config(port), Probes.options()).get(0).path("error");
        assertThat(error.path("category").asText(), is("transient_network"));
        assertThat(error.path("code").asText(), is("connection_refused"));
        assertThat(error.path("retryable").asBoolean(), is(true));
    }

    @Test
    void aNameThatDoesNotExistIsUnknown() {
        JsonNode error = observe(
                        "{'behaviour': 'connect', 'host': 'no-such-host.invalid', 'port': 5432}", Probes.options())
                .get(0)
                .path("error");
        assertThat(error.path("code").asText(), is("unknown_host"));
    }

    @Test
    void aServerThatHangsUpOrResetsIsNoticed() throws IOException {
        try (ServerSocket server = server()) {
            CompletableFuture<Void> resetting = CompletableFuture.runAsync(
                    () -> {
                        try (Socket socket = server.accept()) {
                            socket.getInputStream().readNBytes(4);
                            // Closing with this option sends a reset.
                            socket.setSoLinger(true, 0);
                        } catch (IOException e) {
                            throw new java.io.UncheckedIOException(e);
                        }
                    },
                    OwnThread.EACH);
            JsonNode error = observe(config(server.getLocalPort()), Probes.options())
                    .get(1)
                    .path("error");
            resetting.join();
            assertThat(error.path("category").asText(), is("transient_network"));
            assertThat(error.path("code").asText(), is("connection_reset"));
        }
    }

    @Test
    void connectionsAreBoundedAndAllClosedWithTheInstance() throws IOException {
        try (ServerSocket server = server()) {
            String config = "{'behaviour': 'connect_many', 'connections': 70, 'host': 'localhost', 'port': "
                    + server.getLocalPort() + "}";
            JsonNode observed = observe(config, Probes.options());
            assertThat(observed.get(0).path("error").path("code").asText(), is("too_many_connections"));
            assertThat(observed.get(1).path("value").asInt(), is(TcpConnections.MAX_OPEN));
            server.setSoTimeout(5_000);
            for (int i = 0; i < TcpConnections.MAX_OPEN; i++) {
                try (Socket socket = server.accept()) {
                    socket.setSoTimeout(5_000);
                    assertThat(
                            "closed by the other side", socket.getInputStream().read(), is(-1));
                }
            }
        }
    }

    @Test
    void aShortCallThatWaitsForTheNetworkEndsAtItsTimeout() throws IOException {
        // Opening is forbidden, so the handmade module connects and reads in its teardown.
        try (ServerSocket silent = server()) {
            ConnectorModule module = readingInTeardown(silent.getLocalPort());
            InstanceOptions options =
                    Probes.options().withLimits(Probes.LIMITS.withCallTimeout(Duration.ofMillis(400)));
            try (SourceConnector source = Probes.HOST.openSource(module, "{}", options)) {
                ConnectorException failure =
                        Failures.of(Category.INTERNAL, "guest_timeout", () -> source.teardown(List.of(), "requested"));
                assertThat(failure.getMessage(), containsString("400 ms"));
            }
        }
    }

    /** Connects to 127.0.0.1, whose text lies at the beginning of the manifest's data, and reads for ever. */
    private static ConnectorModule readingInTeardown(int port) {
        String manifest = WasmAssembler.MANIFEST.replace(
                "\"config_schema\"",
                "\"permissions\": {\"network\": [{\"host\": \"*\", \"port\": \"*\"}]}, \"config_schema\"");
        WasmAssembler module = new WasmAssembler()
                .importing("rapidbyte", "tcp_connect", "iiii", "i")
                .importing("rapidbyte", "tcp_read", "iii", "i")
                .manifest(manifest)
                .data(64, "127.0.0.1");
        WasmAssembler.complete(module);
        byte[] code = {WasmAssembler.I32_CONST, (byte) 0xC0, 0, WasmAssembler.I32_CONST, 9, WasmAssembler.I32_CONST};
        code = WasmAssembler.concat(code, WasmAssembler.signedLeb(port));
        code = WasmAssembler.concat(code, new byte[] {
            WasmAssembler.I32_CONST,
            0,
            WasmAssembler.CALL,
            0,
            WasmAssembler.I32_CONST,
            (byte) 0x80,
            8,
            WasmAssembler.I32_CONST,
            16,
            WasmAssembler.CALL,
            1,
            WasmAssembler.DROP,
            WasmAssembler.I64_CONST
        });
        code = WasmAssembler.concat(code, WasmAssembler.signedLeb(16L << 32 | 9));
        return module.export("rb_teardown", "ii", "l", code).module();
    }
}
