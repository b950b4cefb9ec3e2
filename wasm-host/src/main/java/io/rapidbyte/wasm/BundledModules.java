// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.util.Enumeration;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Finds the connectors on the class path. */
final class BundledModules {
    static final String FOLDER = "META-INF/rapidbyte/modules/";
    /** One name a line; several archives on the class path may each have one. */
    static final String INDEX = FOLDER + "index";

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]*");

    private BundledModules() {}

    static ConnectorModule load(String name) {
        String origin = "bundled " + name;
        if (!NAME.matcher(name).matches()) {
            throw unknown(name);
        }
        try (InputStream in = open(FOLDER + name + ".wasm")) {
            if (in == null) {
                throw unknown(name);
            }
            return ModuleReader.parse(origin, in.readAllBytes(), name);
        } catch (IOException e) {
            throw new ConnectorException(
                    name,
                    ConnectorError.of(
                            Category.CONFIG,
                            "module_unreadable",
                            "The bundled connector " + name + " cannot be read from the class path: " + e.getMessage()),
                    e);
        }
    }

    /** The names of all bundled connectors, sorted. */
    static SortedSet<String> names() {
        SortedSet<String> names = new TreeSet<>();
        try {
            Enumeration<URL> indexes = loader().getResources(INDEX);
            while (indexes.hasMoreElements()) {
                try (BufferedReader lines = new BufferedReader(
                        new InputStreamReader(open(indexes.nextElement()), StandardCharsets.UTF_8))) {
                    lines.lines()
                            .map(String::strip)
                            .filter(line -> !line.isEmpty())
                            .forEach(names::add);
                }
            }
        } catch (IOException e) {
            throw new ConnectorException(
                    "bundled connectors",
                    ConnectorError.of(
                            Category.CONFIG,
                            "module_unreadable",
                            "The list of bundled connectors cannot be read from the class path: " + e.getMessage()),
                    e);
        }
        return names;
    }

    /** A resource, as the context class loader of the thread or else this class sees it; null when there is none. */
    static InputStream open(String resource) throws IOException {
        URL found = loader().getResource(resource);
        return found == null ? null : open(found);
    }

    /**
     * Opens a resource in an archive of its own. The JVM shares open archives between all who read from them by URL, and a runner that
     * closes one, as Flink does with that of a finished job, would end the reading of everybody else in the middle.
     */
    private static InputStream open(URL resource) throws IOException {
        URLConnection connection = resource.openConnection();
        connection.setUseCaches(false);
        return connection.getInputStream();
    }

    /**
     * Runners put user code, and so the connectors' archive, into class loaders of their own, which the thread's context
     * class loader leads to; the host may live in a parent of it.
     */
    static ClassLoader loader() {
        ClassLoader context = Thread.currentThread().getContextClassLoader();
        ClassLoader own = BundledModules.class.getClassLoader();
        return context != null && context.getResource(INDEX) != null ? context : own;
    }

    private static ConnectorException unknown(String name) {
        SortedSet<String> known = names();
        String list =
                known.isEmpty() ? "none is on the class path" : "the bundled ones are " + String.join(", ", known);
        return new ConnectorException(
                name,
                ConnectorError.of(
                                Category.CONFIG,
                                "unknown_connector",
                                "There is no bundled connector \"" + name + "\": " + list)
                        .withHint("Use one of these names, or the path of a .wasm file."));
    }
}
