// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.peers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** The yardstick: {@code psql} with a binary COPY out, piped into {@code psql} with a binary COPY in. One stream. */
public final class PsqlCopyPipe implements Contender {
    @Override
    public String name() {
        return "psql binary COPY pipe";
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
    public void copy(TableCopy copy) throws IOException, InterruptedException {
        String pipe = psql("COPY " + copy.source() + " TO STDOUT (FORMAT binary)") + " | "
                + psql("COPY " + copy.target() + " FROM STDIN (FORMAT binary)");
        ProcessBuilder shell = new ProcessBuilder("sh", "-c", pipe).redirectErrorStream(true);
        shell.environment().put("PGHOST", copy.host());
        shell.environment().put("PGPORT", Integer.toString(copy.port()));
        shell.environment().put("PGDATABASE", copy.database());
        shell.environment().put("PGUSER", copy.user());
        shell.environment().put("PGPASSWORD", copy.password());
        Process process = shell.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException("the psql pipe failed: " + output.strip());
        }
    }

    private static String psql(String command) {
        return "psql -X -q -v ON_ERROR_STOP=1 -c '" + command + "'";
    }
}
