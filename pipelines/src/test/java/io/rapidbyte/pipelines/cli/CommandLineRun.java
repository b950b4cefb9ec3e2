// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * What a command did that was run in this process.
 *
 * @param code its exit code
 * @param out what it wrote to standard output
 * @param err what it wrote to standard error
 */
public record CommandLineRun(int code, String out, String err) {
    /** Runs a command as the launcher would, with these environment variables and no others. */
    public static CommandLineRun of(Map<String, String> environment, String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code;
        try (PrintStream outStream = new PrintStream(out, true, StandardCharsets.UTF_8);
                PrintStream errStream = new PrintStream(err, true, StandardCharsets.UTF_8)) {
            code = new Rapidbyte(new Console(outStream, errStream, 0), environment::get).run(arguments);
        }
        return new CommandLineRun(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** The lines of standard error that are no progress. */
    public List<String> complaints() {
        return err.lines()
                .filter(line -> !line.endsWith("...") && !line.matches(" *[0-9.]+ s  .*"))
                .toList();
    }
}
