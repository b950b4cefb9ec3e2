// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.pipelines.config.ConfigProblem;
import io.rapidbyte.pipelines.config.ConfigurationException;
import io.rapidbyte.pipelines.config.ConnectorUse;
import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.config.Suggestions;
import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.Grants;
import io.rapidbyte.wasm.Role;
import io.rapidbyte.wasm.SyncMode;
import io.rapidbyte.wasm.WriteMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Finds the connectors of a pipeline file and compares the file with their manifests. Goes on whatever is wrong, so that
 * everything that can be told is told at once.
 */
final class ConnectorsOfFile {
    /** The member of a destination's configuration that says how much it collects before it sends it. */
    static final String COPY_FLUSH_BYTES = "copy_flush_bytes";

    private final PipelineFile file;
    private final ConnectorResolver resolver;
    private final List<ConfigProblem> problems;
    private final ConnectorModule source;
    private final ConnectorModule destination;

    private ConnectorsOfFile(PipelineFile file, ConnectorResolver resolver) {
        this.file = file;
        this.resolver = resolver;
        this.problems = new ArrayList<>(file.problems());
        this.source = find("source", Role.SOURCE);
        this.destination = find("destination", Role.DESTINATION);
    }

    /**
     * Loads the modules and makes sure that they can do what the file asks for.
     *
     * @throws ConfigurationException with all that is wrong, also with the file itself
     */
    static ConnectorsOfFile resolve(PipelineFile file, ConnectorResolver resolver) {
        ConnectorsOfFile connectors = new ConnectorsOfFile(file, resolver);
        connectors.hosts("source");
        connectors.hosts("destination");
        if (connectors.source != null) {
            connectors.config("source", connectors.source);
            connectors.syncModes();
        }
        if (connectors.destination != null) {
            connectors.config("destination", connectors.destination);
            connectors.writeMode();
            connectors.flushSize();
        }
        if (!connectors.problems.isEmpty()) {
            throw new ConfigurationException(connectors.problems);
        }
        return connectors;
    }

    ConnectorModule source() {
        return source;
    }

    ConnectorModule destination() {
        return destination;
    }

    private ConnectorModule find(String section, Role role) {
        Optional<ConnectorUse> use = file.connector(section);
        if (use.isEmpty()) {
            return null;
        }
        try {
            return resolver.resolve(use.get(), file.folder(), role);
        } catch (ConnectorException e) {
            if (e.error().category() != Category.CONFIG) {
                throw e;
            }
            problems.add(refused(use.get(), role, e));
            return null;
        }
    }

    private ConfigProblem refused(ConnectorUse use, Role role, ConnectorException e) {
        String pointer = "/" + use.section() + "/use";
        String shown = file.shown(pointer);
        if (e.error().code().equals("unknown_connector")) {
            SortedSet<String> names = resolver.names(role);
            return file.problem(
                    pointer,
                    "there is no " + role.jsonName() + " '" + shown + "'" + Suggestions.didYouMean(use.use(), names)
                            + " (known here: " + String.join(", ", names) + "; or the path of a .wasm file)");
        }
        String message = e.error().hint() == null || e.error().hint().isEmpty()
                ? e.error().message()
                : e.error().message() + ". " + e.error().hint();
        if (!shown.startsWith(use.use())) {
            // What came from a variable is not shown.
            Path path = file.folder().resolve(use.use()).normalize();
            message = message.replace(path.toString(), shown).replace(use.use(), shown);
        }
        boolean ofChecksum = e.error().code().equals("checksum_mismatch") && file.says("/" + use.section() + "/sha256");
        return file.problem(
                ofChecksum ? "/" + use.section() + "/sha256" : pointer, message.replaceAll("\\s*\\R\\s*", " "));
    }

    private void config(String section, ConnectorModule module) {
        problems.addAll(
                file.validateConfig(section, module.name(), module.manifest().configSchema()));
    }

    private void hosts(String section) {
        String hosts = "/" + section + "/permissions/network/allowed_hosts";
        for (int i = 0; i < file.size(hosts); i++) {
            String pointer = hosts + "/" + i;
            if (file.text(pointer).filter(host -> !isHost(host)).isPresent()) {
                problems.add(file.problem(
                        pointer,
                        "expected a host as host, host:port, *.suffix, an address, an address range such as 10.0.0.0/8, or"
                                + " *, found '" + file.shown(pointer) + "'"));
            }
        }
    }

    private static boolean isHost(String entry) {
        try {
            Grants.requireHost(entry);
            return true;
        } catch (IllegalArgumentException e) {
            // An empty one the file's own schema has refused.
            return entry.isEmpty();
        }
    }

    private void syncModes() {
        for (int i = 0; i < file.size("/source/streams"); i++) {
            String pointer = "/source/streams/" + i + "/sync_mode";
            Optional<SyncMode> said = file.says(pointer)
                    ? named(pointer, SyncMode.values(), SyncMode::jsonName)
                    : Optional.of(SyncMode.FULL_REFRESH);
            said
                    // No connector is run in this mode, and the file's own problems say so.
                    .filter(mode -> mode != SyncMode.CDC)
                    .filter(mode -> !source.manifest().syncModes().contains(mode))
                    .ifPresent(mode -> problems.add(unable(
                            pointer,
                            source,
                            "read",
                            mode.jsonName(),
                            source.manifest().syncModes().stream().map(SyncMode::jsonName))));
        }
    }

    private void writeMode() {
        String pointer = "/destination/write_mode";
        named(pointer, WriteMode.values(), WriteMode::jsonName)
                .filter(mode -> !destination.manifest().writeModes().contains(mode))
                .ifPresent(mode -> problems.add(unable(
                        pointer,
                        destination,
                        "write",
                        mode.jsonName(),
                        destination.manifest().writeModes().stream().map(WriteMode::jsonName))));
    }

    private void flushSize() {
        boolean known = destination.manifest().configSchema().path("properties").has(COPY_FLUSH_BYTES);
        for (String pointer : List.of("/resources/copy_flush_bytes", "/resources/autotune/pin_copy_flush_bytes")) {
            if (!known && file.says(pointer)) {
                problems.add(file.problem(
                        pointer,
                        destination.name() + " has no " + COPY_FLUSH_BYTES
                                + " in its configuration, so nobody can follow this; remove the field"));
            }
        }
    }

    private ConfigProblem unable(
            String pointer, ConnectorModule module, String verb, String mode, Stream<String> modes) {
        return file.problem(
                pointer,
                module.name() + " does not " + verb + " in the mode " + mode + ", only in "
                        + String.join(", ", modes.sorted().toList()));
    }

    /** Returns what a field names; empty when the field is absent, or names nothing, of which its schema speaks. */
    private <T> Optional<T> named(String pointer, T[] values, Function<T, String> name) {
        return file.text(pointer)
                .flatMap(text -> Stream.of(values)
                        .filter(each -> name.apply(each).equals(text))
                        .findFirst());
    }
}
