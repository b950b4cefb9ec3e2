// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.scaffold;

import com.fasterxml.jackson.databind.node.TextNode;
import io.rapidbyte.wasm.Role;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Writes the crate of a new connector: a small one that works, builds and keeps the contracts of {@code docs/abi.md}. */
public final class Scaffold {
    /** What manifests allow, and what reads well as the name of a file and of a crate. */
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*");

    private static final int LONGEST_NAME = 64;

    /** Files by the resource each is made from. What begins with a dot here does not as a resource: build tools leave such files out. */
    private static final Map<String, String> FILES = new LinkedHashMap<>();

    static {
        FILES.put("Cargo.toml", "common/Cargo.toml");
        FILES.put(".cargo/config.toml", "common/cargo-config.toml");
        FILES.put(".gitignore", "common/gitignore");
        FILES.put("rustfmt.toml", "common/rustfmt.toml");
        FILES.put("README.md", "common/README.md");
        FILES.put("build.sh", "common/build.sh");
        FILES.put("manifest.json", "{{role}}/manifest.json");
        FILES.put("src/lib.rs", "{{role}}/lib.rs");
        FILES.put("pipeline.yaml", "{{role}}/pipeline.yaml");
    }

    private final String name;
    private final Role role;
    private final Path folder;
    private final ConnectorSdk sdk;

    private Scaffold(String name, Role role, Path folder, ConnectorSdk sdk) {
        this.name = name;
        this.role = role;
        this.folder = folder.toAbsolutePath().normalize();
        this.sdk = sdk;
    }

    /**
     * Writes a connector into a folder that is empty or not there. Either all of it is written or nothing.
     *
     * @param name the connector's name
     * @param role {@code SOURCE} or {@code DESTINATION}
     * @param folder the crate's folder
     * @param sdkFolder the crate of the SDK; null for the one of the source tree that this program runs from
     * @return the files that were written, relative to the folder
     * @throws ScaffoldException when the name, the folder or the SDK is not what it must be, or the folder cannot be written
     */
    public static List<String> write(String name, Role role, Path folder, Path sdkFolder) {
        requireName(name);
        ConnectorSdk sdk = sdkFolder == null ? ConnectorSdk.ofSourceTree() : ConnectorSdk.in(sdkFolder);
        new Scaffold(name, role, folder, sdk).write();
        return List.copyOf(FILES.keySet());
    }

    private static void requireName(String name) {
        if (!NAME.matcher(name).matches() || name.length() > LONGEST_NAME) {
            throw new ScaffoldException(
                    "A connector cannot be named '" + name + "': a name is lower-case letters and digits, begins with a"
                            + " letter, may have single hyphens between them, and has at most " + LONGEST_NAME
                            + " characters, for example source-files.");
        }
    }

    private void write() {
        Path half = null;
        try {
            requireEmpty();
            Files.createDirectories(folder.getParent());
            // Beside its place, so that moving it there is one step.
            half = Files.createTempDirectory(folder.getParent(), "." + name + "-");
            for (Map.Entry<String, String> file : FILES.entrySet()) {
                writeFile(half.resolve(file.getKey()), file.getValue());
            }
            makeExecutable(half.resolve("build.sh"));
            openToOthers(half);
            Files.deleteIfExists(folder);
            Files.move(half, folder);
            half = null;
        } catch (IOException e) {
            throw new ScaffoldException(
                    "The connector cannot be written to " + folder + ": " + reason(e)
                            + ". Name another folder with --directory.",
                    e);
        } finally {
            delete(half);
        }
    }

    private void requireEmpty() throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new ScaffoldException(
                    folder + " is a file, and a connector is a folder: name another one with --directory.");
        }
        try (Stream<Path> content = Files.list(folder)) {
            if (content.findAny().isPresent()) {
                throw new ScaffoldException("The folder " + folder
                        + " is not empty, and nothing in it is overwritten: name another one with --directory.");
            }
        }
    }

    private void writeFile(Path file, String resource) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, filled(template(resource.replace("{{role}}", role.jsonName()))));
    }

    private static String template(String resource) throws IOException {
        try (InputStream in = Scaffold.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("The template " + resource + " is missing from this build.");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String filled(String template) {
        return template.replace("{{name}}", name)
                .replace("{{role}}", role.jsonName())
                .replace("{{sdk}}", path(sdk.sdk()))
                .replace("{{getrandom}}", path(sdk.getrandom()))
                .replace("{{sha2}}", path(sdk.sha2()));
    }

    /** A path as a text of TOML: relative inside of the tree that the SDK is in, which may be moved, and absolute outside of it. */
    private String path(Path crate) {
        Path tree = sdk.sdk().getParent().getParent();
        Path written = tree != null && folder.startsWith(tree) ? folder.relativize(crate) : crate;
        // TOML's basic strings have the escapes of JSON.
        return TextNode.valueOf(written.toString()).toString();
    }

    private static void makeExecutable(Path file) throws IOException {
        if (!file.toFile().setExecutable(true, false)) {
            throw new IOException(file.getFileName() + " cannot be made executable");
        }
    }

    /** A temporary folder is its maker's alone; this one becomes an ordinary one. */
    private static void openToOthers(Path directory) throws IOException {
        boolean opened = directory.toFile().setReadable(true, false)
                && directory.toFile().setExecutable(true, false);
        if (!opened) {
            throw new IOException("the folder cannot be opened to others");
        }
    }

    private static String reason(IOException e) {
        return e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ", " + e.getMessage());
    }

    private static void delete(Path tree) {
        if (tree == null) {
            return;
        }
        try {
            Files.walkFileTree(tree, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path directory, IOException e) throws IOException {
                    Files.delete(directory);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new ScaffoldException("What was begun in " + tree + " cannot be removed: delete it by hand.", e);
        }
    }
}
