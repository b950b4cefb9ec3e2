// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.contender;

import io.rapidbyte.benchmarks.scenario.Setting;
import io.rapidbyte.benchmarks.scenario.Settings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The yardstick: {@code psql} with a COPY out, piped into {@code psql} with a COPY in, without looking at a byte. As many pipes side by
 * side as there are partitions, each with a run of the table's pages.
 */
public final class PsqlCopyPipe implements Contender {
    private final String format;

    private PsqlCopyPipe(String format) {
        this.format = format;
    }

    /** In the binary format. */
    public static PsqlCopyPipe binary() {
        return new PsqlCopyPipe("binary");
    }

    /** In the text format. */
    public static PsqlCopyPipe text() {
        return new PsqlCopyPipe("text");
    }

    @Override
    public String name() {
        return "psql-" + format;
    }

    @Override
    public String description() {
        return "psql, COPY out piped into COPY in, " + format;
    }

    @Override
    public Set<Setting> settings() {
        return Set.of(Setting.PARTITIONS);
    }

    @Override
    public boolean startsPrograms() {
        return true;
    }

    /** Whether this machine has the client. */
    public static boolean isAvailable() {
        try {
            Process version = new ProcessBuilder("psql", "--version")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return version.waitFor(10, TimeUnit.SECONDS) && version.exitValue() == 0;
        } catch (IOException notThere) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public Outcome copy(TableCopy copy, Settings settings) throws IOException, InterruptedException, SQLException {
        List<Process> pipes = new ArrayList<>();
        for (String part : copy.parts(settings.number(Setting.PARTITIONS).orElse(1))) {
            pipes.add(start(copy, part));
        }
        for (Process pipe : pipes) {
            String output = new String(pipe.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (pipe.waitFor() != 0) {
                throw new IOException("a psql pipe failed: " + output.strip());
            }
        }
        return Outcome.PLAIN;
    }

    private Process start(TableCopy copy, String part) throws IOException {
        // The schema has plain names, and nothing here comes from anybody else.
        String pipe = psql("COPY " + part.replace("'", "'\\''") + " TO STDOUT (FORMAT " + format + ")") + " | "
                + psql("COPY " + copy.target() + " FROM STDIN (FORMAT " + format + ")");
        ProcessBuilder shell = new ProcessBuilder("sh", "-c", pipe).redirectErrorStream(true);
        shell.environment().put("PGHOST", copy.host());
        shell.environment().put("PGPORT", Integer.toString(copy.port()));
        shell.environment().put("PGDATABASE", copy.database());
        shell.environment().put("PGUSER", copy.user());
        shell.environment().put("PGPASSWORD", copy.password());
        shell.environment().put("PGSSLMODE", "disable");
        return shell.start();
    }

    private static String psql(String command) {
        return "psql -X -q -v ON_ERROR_STOP=1 -c '" + command + "'";
    }
}
