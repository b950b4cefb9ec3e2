// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.connectors;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import java.util.stream.Stream;

/** What lies on the class path for each bundled connector. */
public final class CompiledModules {
    private static final String MODULES = "/META-INF/rapidbyte/modules/";

    private CompiledModules() {}

    public static Stream<String> names() {
        return Stream.of("dest-postgres", "source-postgres");
    }

    public static byte[] wasm(String name) {
        return resource(MODULES + name + ".wasm");
    }

    public static Properties properties(String name) {
        Properties properties = new Properties();
        try (InputStream in = CompiledModules.class.getResourceAsStream(MODULES + name + ".properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties;
    }

    /** The bytes of a class on the class path; null when there is none. */
    public static byte[] classFile(String className) {
        return resource("/" + className.replace('.', '/') + ".class");
    }

    private static byte[] resource(String path) {
        try (InputStream in = CompiledModules.class.getResourceAsStream(path)) {
            return in == null ? null : in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
