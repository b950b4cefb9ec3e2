// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.Serializable;

/**
 * How a module travels to another process.
 *
 * @param origin where it came from
 * @param bytes null for a bundled one, which the other process has on its own class path
 * @param sha256 the hash of the bytes
 * @param bundledName null for one that is not bundled
 */
record SerializedModule(String origin, byte[] bytes, String sha256, String bundledName) implements Serializable {

    private Object readResolve() {
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
