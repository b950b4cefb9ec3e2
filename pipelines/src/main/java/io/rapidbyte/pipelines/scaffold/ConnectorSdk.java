// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.scaffold;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.List;
import java.util.Optional;

/** The SDK's crate, and the two crates beside it that take the place of others of their names. */
final class ConnectorSdk {
    private static final String MANIFEST = "Cargo.toml";

    private final Path sdk;

    private ConnectorSdk(Path sdk) {
        this.sdk = sdk;
    }

    /**
     * The SDK in a folder.
     *
     * @throws ScaffoldException when it is not there
     */
    static ConnectorSdk in(Path folder) {
        ConnectorSdk sdk = new ConnectorSdk(folder.toAbsolutePath().normalize());
        for (Path crate : List.of(sdk.sdk, sdk.getrandom(), sdk.sha2())) {
            if (!Files.isRegularFile(crate.resolve(MANIFEST))) {
                throw new ScaffoldException("The SDK is not in " + folder + ": there is no " + crate.resolve(MANIFEST)
                        + ". Give --sdk the folder connectors/sdk of a source tree of Rapidbyte.");
            }
        }
        return sdk;
    }

    /**
     * The SDK of the source tree that this program runs from.
     *
     * @throws ScaffoldException when it runs from somewhere else
     */
    static ConnectorSdk ofSourceTree() {
        Optional<Path> program = program();
        for (Path folder = program.orElse(null); folder != null; folder = folder.getParent()) {
            Path sdk = folder.resolve("connectors").resolve("sdk");
            if (Files.isRegularFile(sdk.resolve(MANIFEST))) {
                return in(sdk);
            }
        }
        throw new ScaffoldException("The SDK that connectors are written with is not beside this program ("
                + program.map(Path::toString).orElse("which does not run from a file")
                + "): give --sdk the folder connectors/sdk of a source tree of Rapidbyte.");
    }

    /** Where the classes of this program are. */
    private static Optional<Path> program() {
        try {
            CodeSource source = ConnectorSdk.class.getProtectionDomain().getCodeSource();
            return source == null
                    ? Optional.empty()
                    : Optional.of(Path.of(source.getLocation().toURI()).toAbsolutePath());
        } catch (URISyntaxException | IllegalArgumentException | java.nio.file.FileSystemNotFoundException e) {
            return Optional.empty();
        }
    }

    Path sdk() {
        return sdk;
    }

    Path getrandom() {
        return sdk.resolveSibling("getrandom");
    }

    Path sha2() {
        return sdk.resolveSibling("sha2");
    }
}
