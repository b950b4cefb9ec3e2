// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import picocli.CommandLine.Option;

/** The options that all commands share. */
final class OutputOptions {
    @Option(
            names = {"-q", "--quiet"},
            description = "Say nothing but errors.")
    private boolean quiet;

    @Option(
            names = {"-v", "--verbose"},
            description = "Show what connectors log; -vv also the runner's log, and stack traces.")
    private boolean[] verbose = {};

    @Option(
            names = "--json",
            description =
                    "Write one JSON object to standard output, also when the command fails; everything else goes to"
                            + " standard error.")
    private boolean json;

    Verbosity verbosity() {
        if (quiet) {
            return Verbosity.QUIET;
        }
        return switch (verbose.length) {
            case 0 -> Verbosity.NORMAL;
            case 1 -> Verbosity.VERBOSE;
            default -> Verbosity.DEBUG;
        };
    }

    boolean json() {
        return json;
    }

    /** Whether the result is shown to people. */
    boolean text() {
        return !json && !quiet;
    }

    /** Whether progress is shown: neither for those who asked for quiet, nor beside output for programs. */
    boolean progress() {
        return !quiet && !json;
    }
}
