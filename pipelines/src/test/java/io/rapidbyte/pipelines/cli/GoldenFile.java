// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** What the command line prints, word by word, in files beside the tests. */
final class GoldenFile {
    private GoldenFile() {}

    /** Compares a text with a file of this package's test resources. */
    static void check(String name, String text) {
        try (InputStream file = GoldenFile.class.getResourceAsStream(name)) {
            String expected = file == null ? "" : new String(file.readAllBytes(), StandardCharsets.UTF_8);
            assertThat("what is in " + name, text.strip(), is(expected.strip()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
