// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import java.util.function.Supplier;

/** The ends of the range of servers that the connectors work with. */
enum ServerVersion {
    OLDEST("12", PostgresServer::oldest),
    NEWEST("18", PostgresServer::shared);

    final String major;
    private final Supplier<PostgresServer> server;

    ServerVersion(String major, Supplier<PostgresServer> server) {
        this.major = major;
        this.server = server;
    }

    TestSchema newSchema() {
        return server.get().newSchema();
    }
}
