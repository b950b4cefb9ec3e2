// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A step of the build, run as a single-file program: writes down which modules an archive holds ({@code index}, one name a
 * line) and, beside each module that was compiled ahead of time, which class holds its code, which bytes it was compiled from and
 * by which version of the compiler. The host uses the code only when all of it fits.
 */
public final class ModuleIndex {
    private static final String MODULES = "META-INF/rapidbyte/modules";
    private static final String PACKAGE = "io.rapidbyte.connectors";

    private ModuleIndex() {}

    /** Arguments: the folder of the modules, the output folder, the compiler's version or {@code none} for uncompiled modules. */
    public static void main(String[] arguments) throws IOException, NoSuchAlgorithmException {
        Path source = Path.of(arguments[0]);
        Path output = Path.of(arguments[1]);
        String compiler = arguments[2];
        Path target = output.resolve(MODULES);
        Files.createDirectories(target);
        List<String> names = names(source);
        Files.write(target.resolve("index"), names);
        if (!compiler.equals("none")) {
            for (String name : names) {
                describe(source.resolve(name + ".wasm"), name, output, compiler);
            }
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(".wasm"))
                    .map(file -> file.substring(0, file.length() - ".wasm".length()))
                    .sorted()
                    .toList();
        }
    }

    private static void describe(Path module, String name, Path output, String compiler)
            throws IOException, NoSuchAlgorithmException {
        String simpleName = Arrays.stream(name.split("-"))
                .map(part -> part.substring(0, 1).toUpperCase() + part.substring(1))
                .collect(Collectors.joining());
        String className = PACKAGE + "." + simpleName;
        if (!Files.exists(output.resolve(className.replace('.', '/') + ".class"))) {
            throw new IllegalStateException("No class " + className + " was compiled for " + module
                    + ": add an execution for it to the Chicory plugin in connectors/pom.xml.");
        }
        String sha256 = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(module)));
        Files.write(
                output.resolve(MODULES).resolve(name + ".properties"),
                List.of("class=" + className, "compiler=" + compiler, "sha256=" + sha256));
    }
}
