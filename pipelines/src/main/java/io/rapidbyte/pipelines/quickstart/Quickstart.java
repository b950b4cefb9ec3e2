// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.quickstart;

import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.run.ConnectorResolver;
import io.rapidbyte.pipelines.run.PipelineRun;
import io.rapidbyte.pipelines.run.PreparedPipeline;
import io.rapidbyte.pipelines.run.RunOptions;
import io.rapidbyte.pipelines.run.RunSummary;
import io.rapidbyte.pipelines.run.Warmup;
import io.rapidbyte.wasm.ConnectorModule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** Starts a server, fills it, copies all of its tables with a pipeline file, and compares the copy. */
public final class Quickstart {
    /** The variable by which the pipeline file takes the server's password. */
    public static final String PASSWORD_VARIABLE = "RAPIDBYTE_QUICKSTART_PASSWORD";

    private final long rows;
    private final RunOptions options;
    private final UnaryOperator<String> environment;

    /**
     * Prepares a quick start.
     *
     * @param rows of the largest table, at least 1
     * @param options how the pipeline is run
     * @param environment the value of an environment variable, or null when it is not set
     */
    public Quickstart(long rows, RunOptions options, UnaryOperator<String> environment) {
        this.rows = rows;
        this.options = options;
        this.environment = environment;
    }

    /**
     * What a quick start did.
     *
     * @param summary of the run
     * @param verdicts one for each table
     * @param serverSeconds how long the server took to start
     * @param fillSeconds how long making the sample took
     * @param verifySeconds how long the comparison took
     */
    public record Result(
            RunSummary summary,
            List<CopyVerifier.Verdict> verdicts,
            double serverSeconds,
            double fillSeconds,
            double verifySeconds) {
        public Result {
            verdicts = List.copyOf(verdicts);
        }

        /** Whether every table equals its copy. */
        public boolean equal() {
            return verdicts.stream().allMatch(CopyVerifier.Verdict::equal);
        }
    }

    /**
     * Does all of it; the server is gone when this returns.
     *
     * @param file where the pipeline file is written to
     * @throws IOException when the server does not start or the file cannot be written
     * @throws SQLException when the server refuses to make or to compare the sample
     */
    public Result run(Path file) throws IOException, SQLException, InterruptedException {
        try {
            return copy(file);
        } finally {
            options.progress().done();
        }
    }

    private Result copy(Path file) throws IOException, SQLException, InterruptedException {
        long start = System.nanoTime();
        options.progress().step("starting an embedded Postgres server, without waiting for the disk (fsync off)");
        Warmup.start(ConnectorModule.bundled("source-postgres"), ConnectorModule.bundled("dest-postgres"));
        try (EmbeddedServer server = EmbeddedServer.start()) {
            long started = System.nanoTime();
            options.progress().step("making the sample: %,d events and what belongs to them".formatted(rows));
            SampleShop.create(server, rows);
            long filled = System.nanoTime();
            Files.writeString(file, pipeline(server));
            PipelineFile pipeline = PipelineFile.read(
                    file, name -> name.equals(PASSWORD_VARIABLE) ? server.password() : environment.apply(name));
            RunSummary summary =
                    PipelineRun.run(PreparedPipeline.prepare(pipeline, new ConnectorResolver(environment)), options);
            long copied = System.nanoTime();
            options.progress().step("comparing every table with its copy, in SQL");
            List<CopyVerifier.Verdict> verdicts = compare(server);
            return new Result(
                    summary,
                    verdicts,
                    (started - start) / 1e9,
                    (filled - started) / 1e9,
                    (System.nanoTime() - copied) / 1e9);
        }
    }

    private static List<CopyVerifier.Verdict> compare(EmbeddedServer server) throws SQLException {
        try (Connection connection = server.connect()) {
            CopyVerifier verifier = new CopyVerifier(connection);
            List<CopyVerifier.Verdict> verdicts = new ArrayList<>();
            for (String table : SampleShop.tables()) {
                verdicts.add(verifier.compare(SampleShop.SCHEMA, SampleShop.COPY, table));
            }
            return verdicts;
        }
    }

    private static String pipeline(EmbeddedServer server) {
        String streams = SampleShop.tables().stream()
                .map(table -> "    - name: " + table)
                .collect(Collectors.joining("\n"));
        return """
                # What the quick start ran. Its server is gone: put in your own, and run it with
                #   ./rapidbyte check <this file>
                #   ./rapidbyte run <this file>
                version: "1.0"
                pipeline: quickstart

                source:
                  use: source-postgres
                  config: &server
                    host: %1$s
                    port: %2$d
                    user: %3$s
                    password: ${%4$s}
                    database: %5$s
                    schema: %6$s
                  streams:
                %7$s

                destination:
                  use: dest-postgres
                  config:
                    <<: *server
                    schema: %8$s
                  write_mode: replace
                """.formatted(
                        server.host(),
                        server.port(),
                        EmbeddedServer.USER,
                        PASSWORD_VARIABLE,
                        EmbeddedServer.DATABASE,
                        SampleShop.SCHEMA,
                        streams,
                        SampleShop.COPY);
    }
}
