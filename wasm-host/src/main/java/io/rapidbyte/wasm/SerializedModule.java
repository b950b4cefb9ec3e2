// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.Serializable;
import java.lang.ref.Reference;
import java.lang.ref.SoftReference;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How a module travels to another process.
 *
 * @param origin where it came from
 * @param bytes null for a bundled one, which the other process has on its own class path
 * @param sha256 the hash of the bytes
 * @param bundledName null for one that is not bundled
 */
record SerializedModule(String origin, byte[] bytes, String sha256, String bundledName) implements Serializable {

    /**
     * The modules that this process has serialised or deserialised, by hash and bundled name. Runners clone a step with its module for every
     * bundle, and reading, hashing and parsing a module took a tenth of all processor time without this.
     */
    private static final Map<String, Reference<ConnectorModule>> KNOWN = new ConcurrentHashMap<>();

    /** The form in which a module travels. */
    static SerializedModule of(ConnectorModule module) {
        SerializedModule serialized = new SerializedModule(
                module.origin(),
                module.bundledName() == null ? module.content() : null,
                module.sha256(),
                module.bundledName());
        KNOWN.compute(
                serialized.key(),
                (key, known) -> known == null || known.get() == null ? new SoftReference<>(module) : known);
        return serialized;
    }

    private Object readResolve() {
        Reference<ConnectorModule> reference = KNOWN.get(key());
        ConnectorModule known = reference == null ? null : reference.get();
        if (known != null) {
            return known;
        }
        ConnectorModule module = load();
        KNOWN.put(key(), new SoftReference<>(module));
        return module;
    }

    private String key() {
        return sha256 + "/" + bundledName + "/" + origin;
    }

    private ConnectorModule load() {
        ConnectorModule module =
                bundledName == null ? ModuleReader.parse(origin, bytes, null) : BundledModules.load(bundledName);
        if (!module.sha256().equals(sha256)) {
            throw new ConnectorException(
                    module.name(),
                    ConnectorError.of(
                                    Category.CONFIG,
                                    "module_mismatch",
                                    "The bundled connector " + module.name() + " of this process is not the one of the"
                                            + " process that sent the pipeline (sha256 " + module.sha256()
                                            + " instead of "
                                            + sha256 + ")")
                            .withHint("Run all workers with the same version of Rapidbyte."));
        }
        return module;
    }
}
