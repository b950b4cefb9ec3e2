// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads the manifest ({@code docs/abi.md}, section 3). */
final class ManifestReader {
    static final String SECTION = "rapidbyte.manifest";
    static final int ABI = 1;

    private static final ObjectMapper JSON = Json.MAPPER;
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,63}");

    private final String origin;
    private final JsonNode root;

    private ManifestReader(String origin, JsonNode root) {
        this.origin = origin;
        this.root = root;
    }

    static Manifest read(String origin, byte[] json) {
        JsonNode root;
        try {
            root = JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw invalid(origin, "it is not JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw invalid(origin, "it is not JSON: " + e.getMessage());
        }
        if (root == null || !root.isObject()) {
            throw invalid(origin, "it is not a JSON object");
        }
        return new ManifestReader(origin, root).manifest();
    }

    private Manifest manifest() {
        // Before anything else: a manifest of another version may look different in every other member.
        int abi = abi();
        String name = text("name");
        if (!NAME.matcher(name).matches()) {
            throw invalid(origin, "name \"" + name + "\" is not lower-case letters, digits and hyphens");
        }
        Role role = constant(Role.class, "role", text("role"));
        return new Manifest(
                name,
                text("version"),
                abi,
                role,
                root.path("description").asText(""),
                schema(),
                constants(SyncMode.class, "sync_modes"),
                constants(WriteMode.class, "write_modes"),
                exactlyOnce(),
                permissions(),
                limits());
    }

    private int abi() {
        JsonNode abi = root.path("abi");
        if (!abi.isIntegralNumber()) {
            throw invalid(origin, "abi must be an integer");
        }
        if (abi.asLong() != ABI) {
            throw ModuleReader.invalid(
                    origin,
                    "abi_version",
                    origin + " was written for version " + abi.asLong()
                            + " of the connector ABI, and this host speaks version " + ABI,
                    abi.asLong() > ABI
                            ? "Use a newer version of Rapidbyte."
                            : "Build the connector with a current SDK.");
        }
        return ABI;
    }

    private JsonNode schema() {
        JsonNode schema = root.get("config_schema");
        if (schema == null || schema.isNull()) {
            return JsonNodeFactory.instance.objectNode();
        }
        if (!schema.isObject()) {
            throw invalid(origin, "config_schema must be a JSON Schema object");
        }
        return schema;
    }

    private boolean exactlyOnce() {
        JsonNode value = root.path("exactly_once");
        if (!value.isMissingNode() && !value.isNull() && !value.isBoolean()) {
            throw invalid(origin, "exactly_once must be true or false");
        }
        return value.asBoolean(false);
    }

    private PermissionRequest permissions() {
        JsonNode permissions = object(root, "permissions");
        List<PermissionRequest.Endpoint> endpoints = new ArrayList<>();
        JsonNode network = permissions.path("network");
        if (!network.isMissingNode() && !network.isNull() && !network.isArray()) {
            throw invalid(origin, "permissions.network must be an array");
        }
        for (JsonNode entry : network) {
            if (!entry.isObject()) {
                throw invalid(origin, "permissions.network must hold objects with host and port");
            }
            endpoints.add(new PermissionRequest.Endpoint(value(entry, "host"), value(entry, "port")));
        }
        return new PermissionRequest(
                endpoints, texts(permissions, "permissions.", "env"), texts(permissions, "permissions.", "folders"));
    }

    private PermissionRequest.Value value(JsonNode entry, String member) {
        JsonNode value = entry.path(member);
        if (value.isTextual() || value.isIntegralNumber()) {
            return new PermissionRequest.Value(value.asText(), null);
        }
        JsonNode config = value.path("config");
        if (!config.isTextual()) {
            throw invalid(origin, "permissions.network: " + member + " must be a literal or {\"config\": \"member\"}");
        }
        JsonNode fallback = value.path("default");
        return new PermissionRequest.Value(
                fallback.isValueNode() && !fallback.isNull() ? fallback.asText() : null, config.asText());
    }

    private Limits limits() {
        JsonNode limits = object(root, "limits");
        Limits defaults = Limits.defaults();
        long memory = positive(limits, "memory_bytes", defaults.memoryBytes());
        long seconds = positive(limits, "guest_seconds", defaults.guestTime().toSeconds());
        // A manifest speaks of memory and computation alone; the pipeline decides on the others.
        return new Limits(
                memory,
                Duration.ofSeconds(Math.min(seconds, Duration.ofDays(1).toSeconds())),
                Duration.ofDays(1),
                Long.MAX_VALUE,
                Long.MAX_VALUE,
                Long.MAX_VALUE,
                RecordPolicy.FAIL);
    }

    private long positive(JsonNode parent, String member, long fallback) {
        JsonNode value = parent.path(member);
        if (value.isMissingNode() || value.isNull()) {
            return fallback;
        }
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.asLong() <= 0) {
            throw invalid(origin, "limits." + member + " must be an integer above zero");
        }
        return value.asLong();
    }

    private JsonNode object(JsonNode parent, String member) {
        JsonNode value = parent.path(member);
        if (value.isMissingNode() || value.isNull()) {
            return JsonNodeFactory.instance.objectNode();
        }
        if (!value.isObject()) {
            throw invalid(origin, member + " must be an object");
        }
        return value;
    }

    private String text(String member) {
        JsonNode value = root.path(member);
        if (!value.isTextual() || value.asText().isBlank()) {
            throw invalid(origin, member + " is missing or not a text");
        }
        return value.asText();
    }

    private List<String> texts(JsonNode parent, String path, String member) {
        JsonNode array = parent.path(member);
        if (array.isMissingNode() || array.isNull()) {
            return List.of();
        }
        List<String> values = new ArrayList<>();
        for (JsonNode value : array) {
            if (!value.isTextual()) {
                throw invalid(origin, path + member + " must be an array of text");
            }
            values.add(value.asText());
        }
        if (!array.isArray()) {
            throw invalid(origin, path + member + " must be an array of text");
        }
        return values;
    }

    private <E extends Enum<E>> Set<E> constants(Class<E> type, String member) {
        Set<E> values = EnumSet.noneOf(type);
        for (String name : texts(root, "", member)) {
            values.add(constant(type, member, name));
        }
        return values;
    }

    private <E extends Enum<E>> E constant(Class<E> type, String member, String name) {
        try {
            return JsonNames.parse(type, name);
        } catch (IllegalArgumentException e) {
            throw invalid(origin, member + ": " + e.getMessage());
        }
    }

    private static ConnectorException invalid(String origin, String what) {
        return ModuleReader.invalid(
                origin,
                "manifest_invalid",
                "The manifest of " + origin + " is not valid: " + what,
                "See section 3 of docs/abi.md.");
    }
}
