// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.testing;

import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/** The binaries of the oldest server, which the build of this module puts beside its classes. */
final class OldestPostgres {
    private static final Path JAR = Path.of("target", "oldest-postgres.jar");

    private OldestPostgres() {}

    /** The archive of the server; the jar holds one, for the platform that the build is for. */
    static InputStream binaries(String system, String machine) throws IOException {
        if (!JAR.toFile().exists()) {
            throw new FileNotFoundException(JAR.toAbsolutePath() + " is missing: let Maven build this module");
        }
        try (JarFile jar = new JarFile(JAR.toFile())) {
            JarEntry archive = jar.stream()
                    .filter(entry -> entry.getName().toLowerCase(Locale.ROOT).endsWith(".txz"))
                    .findFirst()
                    .orElseThrow(() -> new FileNotFoundException(JAR + " holds no server"));
            try (InputStream in = jar.getInputStream(archive)) {
                return new ByteArrayInputStream(in.readAllBytes());
            }
        }
    }
}
