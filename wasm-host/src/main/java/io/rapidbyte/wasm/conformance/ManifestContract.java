// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import io.rapidbyte.wasm.Manifest;
import io.rapidbyte.wasm.Role;
import java.util.Map;
import java.util.regex.Pattern;

/** What a manifest should say beyond what a host needs to load the module ({@code docs/abi.md}, section 3). */
final class ManifestContract {
    /** As semver.org has it, without leading zeros being looked for. */
    private static final Pattern SEMANTIC_VERSION =
            Pattern.compile("\\d+\\.\\d+\\.\\d+(-[0-9A-Za-z.-]+)?(\\+[0-9A-Za-z.-]+)?");

    private static final Pattern SECRET_NAME = Pattern.compile(".*(password|passphrase|secret|token|api_?key).*");

    private ManifestContract() {}

    static String check(Manifest manifest) throws Broken {
        Broken.unless(
                SEMANTIC_VERSION.matcher(manifest.version()).matches(),
                "The manifest's version is \"%s\", which is no semantic version such as 1.2.0.",
                manifest.version());
        Broken.unless(
                !manifest.description().isBlank(),
                "The manifest has no description: say in a sentence what the connector does.");
        Broken.unless(
                manifest.role() != Role.SOURCE || !manifest.syncModes().isEmpty(),
                "The manifest of a source has to name its sync_modes, and this one names none.");
        Broken.unless(
                manifest.role() != Role.DESTINATION || !manifest.writeModes().isEmpty(),
                "The manifest of a destination has to name its write_modes, and this one names none.");
        JsonNode schema = manifest.configSchema();
        Broken.unless(
                schema.path("type").asText("object").equals("object"),
                "The manifest's config_schema describes something else than an object, which is what a config is.");
        for (Map.Entry<String, JsonNode> member : schema.path("properties").properties()) {
            Broken.unless(
                    !SECRET_NAME.matcher(member.getKey()).matches()
                            || member.getValue().path("x-secret").asBoolean(),
                    "The member %s of the manifest's config_schema is named like a secret and is not marked with"
                            + " \"x-secret\": true, so that nobody would mask it.",
                    member.getKey());
        }
        return "%s %s is a %s for version %d of the ABI."
                .formatted(manifest.name(), manifest.version(), manifest.role().jsonName(), manifest.abi());
    }
}
