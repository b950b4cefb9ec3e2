// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "4096, 4096",
        "1b, 1",
        "1k, 1024",
        "64kb, 65536",
        "64KiB, 65536",
        "64mb, 67108864",
        "64 MB, 67108864",
        "1.5g, 1610612736",
        "1GiB, 1073741824",
        "2tb, 2199023255552",
    })
    void whatPeopleWriteIsRead(String text, long bytes) {
        assertThat(ByteSize.parse(text).bytes(), is(bytes));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "mb", "-1", "64 megabytes", "1e6", "64mbit", "1,5gb", "0x10"})
    void anythingElseIsRefusedWithAnExample(String text) {
        String message = assertThrows(IllegalArgumentException.class, () -> ByteSize.parse(text))
                .getMessage();
        assertThat(message, is("expected a size such as 64mb, 1.5gb or 4096, found '" + text + "'"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"9999999999999tb", "999999999999999999k"})
    void whatNothingCanHoldIsRefused(String text) {
        String message = assertThrows(IllegalArgumentException.class, () -> ByteSize.parse(text))
                .getMessage();
        assertThat(message, containsString("larger than anything can hold"));
    }

    @ParameterizedTest
    @CsvSource({"0, 0b", "1, 1b", "1024, 1kb", "67108864, 64mb", "1610612736, 1536mb", "1025, 1025b"})
    void theShortestExactFormIsShown(long bytes, String text) {
        assertThat(new ByteSize(bytes).toString(), is(text));
        assertThat(ByteSize.parse(text).bytes(), is(bytes));
    }
}
