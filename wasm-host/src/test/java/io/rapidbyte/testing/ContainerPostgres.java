// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.testing;

import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.postgresql.PostgreSQLContainer;

/** The server in a container, on machines that have a Docker engine. */
final class ContainerPostgres {
    private static final String IMAGE = "postgres:18";

    private ContainerPostgres() {}

    /** Asks the engine itself: a docker command without an engine behind it is common. */
    static boolean isAvailable() {
        return DockerClientFactory.instance().isDockerAvailable();
    }

    static PostgresServer start() throws SQLException {
        List<String> command = new ArrayList<>(List.of("postgres"));
        PostgresServer.SETTINGS.forEach((name, value) -> command.addAll(List.of("-c", name + "=" + value)));
        // Testcontainers' reaper removes the container when this JVM is gone.
        @SuppressWarnings("resource")
        var container = new PostgreSQLContainer(IMAGE)
                .withUsername(PostgresServer.SUPERUSER)
                .withPassword(PostgresServer.SUPERUSER_PASSWORD)
                .withCommand(command.toArray(String[]::new));
        container.start();
        return PostgresServer.startedAt(
                container.getHost(),
                container.getFirstMappedPort(),
                (path, text) -> container.copyFileToContainer(
                        Transferable.of(text.getBytes(StandardCharsets.UTF_8), 0644), path));
    }
}
