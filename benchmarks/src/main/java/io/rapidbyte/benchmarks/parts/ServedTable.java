// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.parts;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.benchmarks.contender.TableCopy;
import io.rapidbyte.benchmarks.scenario.TableProfile;
import io.rapidbyte.benchmarks.server.BenchmarkServer;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WasmHost;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;

/** A server with a table of about 20 MB, and connectors that read and write there. */
final class ServedTable implements AutoCloseable {
    private final BenchmarkServer server;
    private final TableCopy copy;
    private final long rows;

    private ServedTable(BenchmarkServer server, long rows) {
        this.server = server;
        this.copy = server.copy(server.host(), server.port());
        this.rows = rows;
    }

    /** Starts the server and fills the table, which takes a few seconds. */
    static ServedTable start(TableProfile profile) throws IOException, SQLException {
        long rows = switch (profile) {
            case SMALL -> 200_000;
            case MEDIUM -> 12_500;
            case LARGE -> 300;
            case HUGE -> 2;
        };
        return start(profile.statements(rows), rows);
    }

    /** The same for a table that the statements create and fill with so many rows. */
    static ServedTable start(List<String> statements, long rows) throws IOException, SQLException {
        BenchmarkServer server = BenchmarkServer.start(null);
        try {
            server.createSource(statements);
        } catch (SQLException e) {
            server.close();
            throw e;
        }
        return new ServedTable(server, rows);
    }

    long rows() {
        return rows;
    }

    StreamSpec stream() {
        return StreamSpec.of(copy.table());
    }

    SourceConnector openSource() {
        return WasmHost.shared()
                .openSource(
                        ConnectorModule.bundled("source-postgres"),
                        config(copy.sourceSchema()),
                        InstanceOptions.of("parts"));
    }

    DestinationConnector openDestination() {
        return WasmHost.shared()
                .openDestination(
                        ConnectorModule.bundled("dest-postgres"),
                        config(copy.targetSchema()),
                        InstanceOptions.of("parts"));
    }

    /** Makes an empty table to write to. */
    void freshTarget() throws SQLException {
        server.freshTarget();
    }

    private String config(String schema) {
        Map<String, Object> config = Map.of(
                "host", copy.host(),
                "port", copy.port(),
                "user", copy.user(),
                "password", copy.password(),
                "database", copy.database(),
                "schema", schema);
        try {
            return new ObjectMapper().writeValueAsString(config);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A map of texts and numbers is always JSON.", e);
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
