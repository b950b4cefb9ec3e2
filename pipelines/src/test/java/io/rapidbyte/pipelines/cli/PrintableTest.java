// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrintableTest {
    @ParameterizedTest
    @CsvSource({
        "'\u001b[31mred', '\\u001b[31mred'",
        "'\u009b2J', '\\u009b2J'",
        "'bell\u0007', 'bell\\u0007'",
        "'exe.\u202efdp', 'exe.\\u202efdp'",
        "'a\nb\r\nc\td', 'a b  c d'",
        "'\u2028', '\\u2028'",
        "'\ud800', '\\ud800'",
        "'Größe 日本 😀', 'Größe 日本 😀'"
    })
    void whatWouldDriveATerminalIsEscaped(String text, String shown) {
        assertThat(Printable.line(text, 100), is(shown));
    }

    @Test
    void whatIsTooLongIsCutBetweenCharacters() {
        assertThat(Printable.line("😀".repeat(5), 5), is("😀".repeat(5)));
        assertThat(Printable.line("😀".repeat(1_000_000), 2), is("😀😀 ... (cut)"));
    }

    @Test
    void jsonStaysWhatItIs() throws IOException {
        String text = "\u001b[2J\u009b \u202e \udb40\udc01 Größe 😀 \n";
        ObjectMapper mapper = new ObjectMapper();
        String clean = Printable.json(mapper.writeValueAsString(TextNode.valueOf(text)));

        assertThat(mapper.readTree(clean).asText(), is(text));
        assertThat(clean, is("\"\\u001B[2J\\u009b \\u202e \\udb40\\udc01 Größe 😀 \\n\""));
    }
}
