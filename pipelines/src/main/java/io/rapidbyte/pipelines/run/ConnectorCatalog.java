// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.ConnectorModule;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/** The connectors that a pipeline file can name: the bundled ones, and the modules in {@value ConnectorResolver#FOLDER_VARIABLE}. */
public final class ConnectorCatalog {
    private static final String BUNDLED = "bundled";

    private ConnectorCatalog() {}

    /**
     * A connector, or what should be one.
     *
     * @param use what a pipeline file calls it
     * @param from {@code bundled}, or its file
     * @param module the module; null when it cannot be used
     * @param problem why it cannot be used, or not by this name; null when it can
     */
    public record Entry(String use, String from, ConnectorModule module, String problem) {}

    /**
     * Returns all connectors, those first that are bundled.
     *
     * @param environment the value of an environment variable, or null when it is not set
     */
    public static List<Entry> list(UnaryOperator<String> environment) {
        Set<String> bundled = ConnectorModule.bundledNames();
        List<Entry> entries = new ArrayList<>();
        for (String name : bundled) {
            try {
                entries.add(new Entry(name, BUNDLED, ConnectorModule.bundled(name), null));
            } catch (ConnectorException e) {
                entries.add(new Entry(name, BUNDLED, null, e.getMessage()));
            }
        }
        String folder = environment.apply(ConnectorResolver.FOLDER_VARIABLE);
        if (folder != null && !folder.isBlank()) {
            entries.addAll(inFolder(Path.of(folder), bundled));
        }
        return entries;
    }

    private static List<Entry> inFolder(Path folder, Set<String> bundled) {
        Set<Path> files = new TreeSet<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, "*" + ConnectorResolver.SUFFIX)) {
            found.forEach(files::add);
        } catch (IOException e) {
            String problem =
                    ConnectorResolver.FOLDER_VARIABLE + " names " + folder + ", which is no folder that can be read.";
            return List.of(new Entry("-", folder.toString(), null, problem));
        }
        return files.stream().map(file -> inFile(file, bundled)).toList();
    }

    private static Entry inFile(Path file, Set<String> bundled) {
        String fileName = file.getFileName().toString();
        String use = fileName.substring(0, fileName.length() - ConnectorResolver.SUFFIX.length());
        if (!Files.isRegularFile(file)) {
            return new Entry(use, file.toString(), null, "The connector " + file + " cannot be read: it is no file.");
        }
        try {
            ConnectorModule module = ConnectorModule.read(file);
            return bundled.contains(use)
                    ? new Entry(
                            file.toString(),
                            file.toString(),
                            module,
                            "a bundled connector has this name, so that only its path leads to it")
                    : new Entry(use, file.toString(), module, null);
        } catch (ConnectorException e) {
            return new Entry(use, file.toString(), null, e.getMessage());
        }
    }
}
