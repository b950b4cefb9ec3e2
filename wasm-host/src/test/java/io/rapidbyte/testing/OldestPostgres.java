// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.testing;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/** The binaries of the oldest server, which the build of this module puts beside its classes; tests of its neighbours find them there, too. */
final class OldestPostgres {
    private static final String NAME = "oldest-postgres.jar";

    private OldestPostgres() {}

    /** The archive of the server; the jar holds one, for the platform that the build is for. */
    static InputStream binaries(String system, String machine) throws IOException {
        File file = Stream.of(Path.of("target", NAME), Path.of("..", "wasm-host", "target", NAME))
                .map(Path::toFile)
                .filter(File::exists)
                .findFirst()
                .orElseThrow(() -> new FileNotFoundException(
                        "wasm-host/target/" + NAME + " is missing: let Maven build the module wasm-host"));
        try (JarFile jar = new JarFile(file)) {
            JarEntry archive = jar.stream()
                    .filter(entry -> entry.getName().toLowerCase(Locale.ROOT).endsWith(".txz"))
                    .findFirst()
                    .orElseThrow(() -> new FileNotFoundException(file + " holds no server"));
            try (InputStream in = jar.getInputStream(archive)) {
                return new ByteArrayInputStream(in.readAllBytes());
            }
        }
    }
}
