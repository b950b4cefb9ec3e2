// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.beam.sdk.options.PipelineOptions;

/** The configuration folder of a Flink, embedded or of the client of a cluster, for as long as a run takes. */
final class FlinkFolder implements AutoCloseable {
    /** Its servers listen on all interfaces unless they are told otherwise; an embedded one has nobody outside of this process to talk to. */
    private static final String EMBEDDED = """
            jobmanager.bind-host: 127.0.0.1
            jobmanager.rpc.address: 127.0.0.1
            taskmanager.bind-host: 127.0.0.1
            taskmanager.host: 127.0.0.1
            rest.address: 127.0.0.1
            rest.bind-address: 127.0.0.1
            execution.job-listeners: io.rapidbyte.pipelines.run.FlinkJobListener
            """;

    private final Path folder;

    private FlinkFolder(Path folder) {
        this.folder = folder;
    }

    static FlinkFolder create() throws IOException {
        // Nobody else can read it: a cluster's configuration may hold passwords.
        return new FlinkFolder(Files.createTempDirectory("rapidbyte-flink-"));
    }

    /** Writes the configuration of one that is embedded in this process; returns the folder. */
    Path embedded() {
        try {
            Files.writeString(folder.resolve("flink-conf.yaml"), EMBEDDED);
            return folder;
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    /**
     * Writes the configuration that the options or the environment name with what a run needs beside it, and changes the options to have that read.
     *
     * @throws BeamOptions.RefusedException when it cannot be read
     */
    void extend(PipelineOptions options) {
        try {
            FlinkConfiguration.listen(options, folder);
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private static RunFailedException unwritable(IOException e) {
        return new RunFailedException("The folder for temporary files cannot be written: " + e.getMessage(), e);
    }

    @Override
    public void close() throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.toList();
        }
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
        Files.deleteIfExists(folder);
    }
}
