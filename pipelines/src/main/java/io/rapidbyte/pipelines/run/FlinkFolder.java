// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The configuration folder of an embedded Flink, for as long as a run takes. Flink's servers listen on all interfaces unless
 * they are told otherwise; an embedded one has nobody outside of this process to talk to.
 */
final class FlinkFolder implements AutoCloseable {
    private static final String CONFIGURATION = """
            jobmanager.bind-host: 127.0.0.1
            jobmanager.rpc.address: 127.0.0.1
            taskmanager.bind-host: 127.0.0.1
            taskmanager.host: 127.0.0.1
            rest.address: 127.0.0.1
            rest.bind-address: 127.0.0.1
            """;

    private final Path folder;
    private final Path file;

    private FlinkFolder(Path folder) throws IOException {
        this.folder = folder;
        this.file = Files.writeString(folder.resolve("flink-conf.yaml"), CONFIGURATION);
    }

    static FlinkFolder create() throws IOException {
        return new FlinkFolder(Files.createTempDirectory("rapidbyte-flink-"));
    }

    Path path() {
        return folder;
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(file);
        Files.deleteIfExists(folder);
    }
}
