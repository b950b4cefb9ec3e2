// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** How wide the text for people is. */
class ConsoleTest {
    private static final PrintStream OUT =
            new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);

    private final Terminal.Size[] window = {new Terminal.Size(132, 40)};
    private final Terminal terminal = Terminal.on(new ByteArrayOutputStream(), () -> window[0]);

    @Test
    void resultsAreAsWideAsTheTerminalIsNow() {
        Console console = new Console(OUT, terminal, 132, true);
        assertThat(console.columns(), is(132));

        window[0] = new Terminal.Size(61, 40);
        assertThat(console.columns(), is(61));
    }

    @Test
    void resultsThatGoElsewhereAreAsWideAsAPage() {
        assertThat("into a pipe", new Console(OUT, terminal, 132, false).columns(), is(80));
        assertThat("without any terminal", new Console(OUT, OUT, 0).columns(), is(80));
        assertThat("with errors in a file", new Console(OUT, OUT, 0, true).columns(), is(80));
    }
}
