// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Objects;
import java.util.Set;

/**
 * What a connector says of itself ({@code docs/abi.md}, section 3), read without running its code.
 *
 * @param name the connector's name, for example {@code source-postgres}
 * @param version its semantic version
 * @param abi the version of the ABI it was written for
 * @param role what it does
 * @param description one sentence; may be empty
 * @param configSchema the JSON Schema of its configuration
 * @param syncModes what a source can do; empty for other roles
 * @param writeModes what a destination can do; empty for other roles
 * @param exactlyOnce whether a destination commits which batches it has together with their rows, and writes none a second time
 * @param permissions what it asks for
 * @param limits the limits it asks for; members that a manifest does not speak of have their defaults
 */
public record Manifest(
        String name,
        String version,
        int abi,
        Role role,
        String description,
        JsonNode configSchema,
        Set<SyncMode> syncModes,
        Set<WriteMode> writeModes,
        boolean exactlyOnce,
        PermissionRequest permissions,
        Limits limits) {

    /** Checks that nothing is null, and copies the sets. */
    public Manifest {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(version, "version");
        Objects.requireNonNull(role, "role");
        Objects.requireNonNull(description, "description");
        Objects.requireNonNull(configSchema, "configSchema");
        Objects.requireNonNull(permissions, "permissions");
        Objects.requireNonNull(limits, "limits");
        syncModes = Set.copyOf(syncModes);
        writeModes = Set.copyOf(writeModes);
    }
}
