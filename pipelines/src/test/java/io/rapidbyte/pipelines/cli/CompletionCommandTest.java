// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CompletionCommandTest {
    private static final Path BASH = Path.of("/bin/bash");

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "run --ru, --runner",
        "run --runner fl, flink",
        "quickst, quickstart",
        "connectors insp, inspect",
        "completion z, zsh"
    })
    void bashCompletesWhatWasBegun(String typed, String completed) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(BASH), "there is no bash");
        Path script = Files.writeString(folder.resolve("completion"), script("bash"));

        assertThat(complete(script, typed), is(completed));
    }

    @Test
    void zshGetsTheSameScriptWhichAsksWhereItIs() {
        assertThat(script("zsh"), is(script("bash")));
    }

    private static String script(String shell) {
        CommandLineRun run = CommandLineRun.of(Map.of(), "completion", shell);
        assertThat(run.err(), run.code(), is(0));
        return run.out();
    }

    /** What bash would put in place of the last word, as its completion function is told of a line. */
    private static String complete(Path script, String typed) throws IOException, InterruptedException {
        String words = "rapidbyte " + typed;
        String bash = """
                source '%s'
                COMP_LINE='%s' COMP_POINT=%d
                COMP_WORDS=($COMP_LINE) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                function=$(complete -p rapidbyte | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
                # Outside of an interactive shell there is nobody whose options it could set, and it complains.
                "$function" rapidbyte "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null
                printf '%%s ' "${COMPREPLY[@]}"
                """.formatted(script, words, words.length());
        Process process = new ProcessBuilder(BASH.toString(), "--norc", "-c", bash)
                .redirectErrorStream(true)
                .start();
        String shown = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(shown, process.waitFor(), is(0));
        return shown.strip();
    }
}
