// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * The connector that a section of the pipeline file uses.
 *
 * @param section the section's name in the file: {@code source} or {@code destination}
 * @param use a bundled connector's name, a name to look for, or the path of a {@code .wasm} file
 * @param sha256 the checksum its module must have, in lower case, or null
 * @param config the connector's configuration with variables put in; may hold secrets
 * @param permissions what it may use
 * @param limits its limits
 */
public record ConnectorUse(
        String section, String use, String sha256, ObjectNode config, Permissions permissions, LimitsSection limits) {
    private static final String PIN = "@sha256:";

    public ConnectorUse {
        requireNonNull(section, "section");
        requireNonNull(use, "use");
        requireNonNull(config, "config");
        requireNonNull(permissions, "permissions");
        requireNonNull(limits, "limits");
    }

    /** Returns the checksum that stands behind a connector's name or path, as it stands there; null when there is none. */
    static String pin(String use) {
        int at = use.indexOf(PIN);
        return at < 0 ? null : use.substring(at + PIN.length());
    }

    /** Returns the name or path without a checksum behind it. */
    static String withoutPin(String use) {
        int at = use.indexOf(PIN);
        return at < 0 ? use : use.substring(0, at);
    }

    /** Names the section and the connector; the configuration stays out because it may hold secrets. */
    @Override
    public String toString() {
        return section + " " + use;
    }
}
