// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

/** What the exit code of a command tells the program that called it. Codes keep their meaning between versions. */
public enum ExitCode {
    /** Everything was done. */
    OK(0, "Everything was done."),
    /** The work failed: data or a schema does not fit, a copy is not equal, a connector or this program is at fault. */
    FAILED(1, "The data or the run failed; standard error says what."),
    /** The command line, the pipeline file or the configuration of a connector has to be changed. */
    USAGE(2, "The command line or the pipeline file has to be changed."),
    /** A server or the sandbox refused, or a server did not answer. */
    CONNECTION(3, "A server did not answer, or refused, or its address is not allowed."),
    /** The run was interrupted: 128 and the number of the signal, as shells have it. */
    INTERRUPTED(130, "Interrupted, by Ctrl-C for instance."),
    /** The same by SIGTERM, which is what schedulers and containers send. */
    TERMINATED(143, "Told to end by SIGTERM, as schedulers and containers do.");

    private final int code;
    private final String meaning;

    ExitCode(int code, String meaning) {
        this.code = code;
        this.meaning = meaning;
    }

    /** Returns the number that the process ends with. */
    public int code() {
        return code;
    }

    /** Returns what it means, in a sentence for {@code --help}. */
    public String meaning() {
        return meaning;
    }
}
