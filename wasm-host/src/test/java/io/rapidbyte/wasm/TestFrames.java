// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Frames that the connectors' own writer has written. */
final class TestFrames {
    private static final Path NESTED = Path.of("../connectors/sdk/testdata/golden-nested.arrows");

    private TestFrames() {}

    /** Three rows of lists, structs, maps, unsigned integers and intervals. */
    static byte[] nested() {
        try {
            return Files.readAllBytes(NESTED);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
