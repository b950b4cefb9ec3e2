// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines;

import io.rapidbyte.pipelines.cli.Console;
import io.rapidbyte.pipelines.cli.Rapidbyte;

/** The entry point of the process, and the one place that ends it. */
public final class Main {
    private Main() {}

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] arguments) {
        int code = new Rapidbyte(Console.ofProcess(), System::getenv).run(arguments);
        // Runners leave threads behind that would keep the process alive.
        // CHECKSTYLE:OFF
        System.exit(code);
        // CHECKSTYLE:ON
    }
}
