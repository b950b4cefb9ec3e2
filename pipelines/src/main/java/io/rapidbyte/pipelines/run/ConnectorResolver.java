// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.pipelines.config.ConnectorUse;
import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the module that a pipeline file means with {@code use}: a path, which contains a slash or ends in {@code .wasm}
 * and starts from the file's folder; else the name of a bundled connector; else the name of a module in the folder
 * {@value #FOLDER_VARIABLE}. A folder cannot put its own module in a bundled one's place.
 */
public final class ConnectorResolver {
    /** The environment variable that names a folder of modules. */
    public static final String FOLDER_VARIABLE = "RAPIDBYTE_CONNECTOR_DIR";

    private static final Logger LOG = LoggerFactory.getLogger(ConnectorResolver.class);
    static final String SUFFIX = ".wasm";

    private final UnaryOperator<String> environment;

    /**
     * Prepares a resolver.
     *
     * @param environment the value of an environment variable, or null when it is not set
     */
    public ConnectorResolver(UnaryOperator<String> environment) {
        this.environment = environment;
    }

    /**
     * Returns the module.
     *
     * @param folder what a relative path starts from
     * @param role what the connector must be
     * @throws ConnectorException of category {@code config} when there is no such module, it is none, or it has another checksum
     *     or role
     */
    public ConnectorModule resolve(ConnectorUse use, Path folder, Role role) {
        ConnectorModule module = find(use.use(), folder);
        if (use.sha256() != null && !use.sha256().equals(module.sha256())) {
            throw refused(
                    use,
                    "checksum_mismatch",
                    "The module " + module.origin() + " has the SHA-256 " + module.sha256() + ", not the one that "
                            + use.section() + ".sha256 asks for",
                    "Use the module that was reviewed, or review this one and write down its checksum.");
        }
        if (module.manifest().role() != role) {
            throw refused(
                    use,
                    "wrong_role",
                    "The connector " + module.name() + " is a "
                            + module.manifest().role().jsonName() + ", and " + use.section() + ".use needs a "
                            + role.jsonName(),
                    "");
        }
        return module;
    }

    /** Returns the names of the connectors of a role that can be meant without a path, sorted. */
    SortedSet<String> names(Role role) {
        SortedSet<String> names = new TreeSet<>();
        for (String name : ConnectorModule.bundledNames()) {
            if (ConnectorModule.bundled(name).manifest().role() == role) {
                names.add(name);
            }
        }
        String modules = environment.apply(FOLDER_VARIABLE);
        if (modules != null && !modules.isBlank()) {
            try (Stream<Path> files = Files.list(Path.of(modules))) {
                files.map(file -> file.getFileName().toString())
                        .filter(file -> file.endsWith(SUFFIX))
                        .forEach(file -> names.add(file.substring(0, file.length() - SUFFIX.length())));
            } catch (IOException e) {
                LOG.debug("the folder {} cannot be listed", modules, e);
            }
        }
        return names;
    }

    /**
     * Returns the module that is meant, whatever its role and checksum.
     *
     * @param use what a pipeline file has in {@code use}
     * @param folder what a relative path starts from
     * @throws ConnectorException of category {@code config} when there is no such module, or it is none
     */
    public ConnectorModule find(String use, Path folder) {
        if (use.contains("/") || use.endsWith(SUFFIX)) {
            return ConnectorModule.read(folder.resolve(use).normalize());
        }
        try {
            return ConnectorModule.bundled(use);
        } catch (ConnectorException e) {
            String modules = environment.apply(FOLDER_VARIABLE);
            if (!e.error().code().equals("unknown_connector") || modules == null || modules.isBlank()) {
                throw e;
            }
            Path file = Path.of(modules).resolve(use + SUFFIX);
            if (!Files.exists(file)) {
                throw new ConnectorException(
                        e.connector(),
                        e.error()
                                .withHint(FOLDER_VARIABLE + " names " + modules + ", where there is no " + use + SUFFIX
                                        + "."),
                        e);
            }
            return ConnectorModule.read(file);
        }
    }

    private static ConnectorException refused(ConnectorUse use, String code, String message, String hint) {
        return new ConnectorException(
                use.use(), ConnectorError.of(Category.CONFIG, code, message).withHint(hint));
    }
}
