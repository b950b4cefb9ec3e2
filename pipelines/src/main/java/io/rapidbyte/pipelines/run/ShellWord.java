// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

/** A word of a command that people copy into a shell. */
final class ShellWord {
    private ShellWord() {}

    /** In single quotes where a shell might see more in it than a word. */
    static String of(String text) {
        return text.matches("[A-Za-z0-9_./:-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
    }
}
