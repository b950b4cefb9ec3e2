// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.instanceOf;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundledModulesTest {
    private static final String RESOURCE = "META-INF/rapidbyte/modules/index";

    /** Runners close the archives that the JVM shares between all who read them by URL. */
    @Test
    void aResourceCanBeReadToItsEndAfterSomebodyClosedTheSharedArchive(@TempDir Path folder) throws Exception {
        Path archive = folder.resolve("connectors.jar");
        byte[] content = "a-connector\n".repeat(10_000).getBytes(java.nio.charset.StandardCharsets.UTF_8);
        try (OutputStream file = Files.newOutputStream(archive);
                JarOutputStream jar = new JarOutputStream(file)) {
            jar.putNextEntry(new JarEntry(RESOURCE));
            jar.write(content);
            jar.closeEntry();
        }
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        try (URLClassLoader ofTheRunner =
                new URLClassLoader(new URL[] {archive.toUri().toURL()}, null)) {
            Thread.currentThread().setContextClassLoader(ofTheRunner);
            try (InputStream in = BundledModules.open(RESOURCE)) {
                int first = in.read();
                var shared = ofTheRunner.getResource(RESOURCE).openConnection();
                assertThat(shared, instanceOf(JarURLConnection.class));
                ((JarURLConnection) shared).getJarFile().close();
                assertThat(1 + in.readAllBytes().length, equalTo(content.length));
                assertThat((byte) first, equalTo(content[0]));
            }
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
    }
}
