// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.Manifest;
import io.rapidbyte.wasm.PermissionRequest;
import io.rapidbyte.wasm.Role;
import io.rapidbyte.wasm.SyncMode;
import io.rapidbyte.wasm.WriteMode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** What a connector says of itself, for people and for programs. All of it is a stranger's text. */
final class ManifestText {
    /** Characters of a name, a version or a value that are shown. */
    static final int LONGEST_NAME = 60;

    /** Characters of a description that are shown. */
    private static final int LONGEST_TEXT = 600;

    /** Members, endpoints and the like that are shown; {@code --json} has all. */
    private static final int MOST = 200;

    private static final String FURTHER = "      ";
    private static final int WIDTH = 80;
    private static final long MIB = 1L << 20;

    private ManifestText() {}

    /** What a source can read, or a destination write. */
    static List<String> modes(Manifest manifest) {
        return switch (manifest.role()) {
            case SOURCE ->
                manifest.syncModes().stream().sorted().map(SyncMode::jsonName).toList();
            case DESTINATION ->
                manifest.writeModes().stream().sorted().map(WriteMode::jsonName).toList();
            case TRANSFORM -> List.of();
        };
    }

    /** Returns the lines. */
    static List<String> of(ConnectorModule module) {
        Manifest manifest = module.manifest();
        List<String> lines = new ArrayList<>();
        lines.add(module.name() + " " + name(manifest.version()) + ", a "
                + manifest.role().jsonName());
        wrap(lines, "", manifest.description());
        lines.add("");
        fact(lines, "from", Printable.line(module.origin(), LONGEST_TEXT));
        fact(lines, "sha256", module.sha256());
        fact(lines, "size", Numbers.count(module.size()) + " bytes");
        fact(lines, "ABI", String.valueOf(manifest.abi()));
        if (manifest.role() != Role.TRANSFORM) {
            fact(
                    lines,
                    manifest.role() == Role.SOURCE ? "sync modes" : "write modes",
                    String.join(", ", modes(manifest)));
        }
        if (manifest.role() == Role.DESTINATION) {
            fact(lines, "exactly once", manifest.exactlyOnce() ? "yes: it knows the batches that it has" : "no");
        }
        lines.add("");
        lines.add("Asks for, and gets what the pipeline allows of it");
        PermissionRequest permissions = manifest.permissions();
        fact(
                lines,
                "network",
                listed(permissions.network().stream()
                        .map(ManifestText::endpoint)
                        .toList()));
        fact(lines, "environment", listed(permissions.env()));
        fact(lines, "folders", listed(permissions.folders()));
        fact(lines, "memory", memory(manifest.limits().memoryBytes()));
        fact(lines, "computation", manifest.limits().guestTime().toSeconds() + " s without progress, at most");
        lines.add("");
        lines.addAll(config(manifest));
        return lines;
    }

    private static void fact(List<String> lines, String what, String value) {
        lines.add("  %-13s %s".formatted(what, value).stripTrailing());
    }

    private static String listed(List<String> values) {
        if (values.isEmpty()) {
            return "nothing";
        }
        String text = values.stream().limit(MOST).map(ManifestText::name).collect(Collectors.joining(", "));
        return values.size() > MOST ? text + ", and " + (values.size() - MOST) + " more" : text;
    }

    private static String endpoint(PermissionRequest.Endpoint endpoint) {
        return value(endpoint.host()) + ":" + value(endpoint.port());
    }

    private static String value(PermissionRequest.Value value) {
        if (value.configMember() == null) {
            return value.literal();
        }
        return "<config." + value.configMember() + (value.literal() == null ? "" : ", else " + value.literal()) + ">";
    }

    private static String memory(long bytes) {
        return (bytes % MIB == 0 ? Numbers.count(bytes / MIB) + " MiB" : Numbers.count(bytes) + " bytes") + " at most";
    }

    private static List<String> config(Manifest manifest) {
        JsonNode schema = manifest.configSchema();
        JsonNode members = schema.path("properties");
        List<String> lines = new ArrayList<>();
        if (members.isEmpty()) {
            lines.add("Its config has no members that it tells of.");
            return lines;
        }
        lines.add("Config");
        List<String> required = StreamSupport.stream(schema.path("required").spliterator(), false)
                .map(JsonNode::asText)
                .toList();
        Iterator<Map.Entry<String, JsonNode>> each = members.fields();
        for (int shown = 0; each.hasNext(); shown++) {
            if (shown == MOST) {
                lines.add("  and " + (members.size() - MOST) + " more, which --schema shows");
                break;
            }
            Map.Entry<String, JsonNode> member = each.next();
            String what = describe(member.getValue(), required.contains(member.getKey()));
            wrap(lines, "  ", name(member.getKey()) + ": " + what);
            wrap(lines, FURTHER, member.getValue().path("description").asText(""));
        }
        return lines;
    }

    private static String describe(JsonNode member, boolean required) {
        StringBuilder text = new StringBuilder(type(member));
        if (required) {
            text.append(", required");
        }
        if (member.hasNonNull("default")) {
            text.append(", default ")
                    .append(name(
                            member.path("default").asText(member.path("default").toString())));
        }
        if (member.path("x-secret").asBoolean(false)) {
            text.append(", secret");
        }
        return text.toString();
    }

    private static String type(JsonNode member) {
        if (member.path("enum").isArray()) {
            return StreamSupport.stream(member.path("enum").spliterator(), false)
                    .limit(MOST)
                    .map(JsonNode::asText)
                    .map(ManifestText::name)
                    .collect(Collectors.joining(" | "));
        }
        JsonNode type = member.path("type");
        if (type.isArray()) {
            return StreamSupport.stream(type.spliterator(), false)
                    .map(JsonNode::asText)
                    .filter(name -> !name.equals("null"))
                    .limit(MOST)
                    .map(ManifestText::name)
                    .collect(Collectors.joining(" or "));
        }
        return type.isTextual() ? name(type.asText()) : "any value";
    }

    private static String name(String text) {
        return Printable.line(text, LONGEST_NAME);
    }

    /** Adds a text in lines of the page's width, all but the first of which stand further in. */
    private static void wrap(List<String> lines, String indent, String text) {
        StringBuilder line = new StringBuilder(indent);
        for (String word : Printable.line(text, LONGEST_TEXT).strip().split(" +")) {
            if (!line.toString().isBlank()) {
                if (line.length() + 1 + word.length() > WIDTH) {
                    lines.add(line.toString());
                    line = new StringBuilder(indent.isEmpty() ? "" : FURTHER);
                } else {
                    line.append(' ');
                }
            }
            line.append(word);
        }
        if (!line.toString().isBlank()) {
            lines.add(line.toString());
        }
    }

    /** Returns all of it for programs. */
    static ObjectNode json(ConnectorModule module) {
        Manifest manifest = module.manifest();
        ObjectNode root = JsonOutput.object("ok")
                .put("name", manifest.name())
                .put("version", manifest.version())
                .put("role", manifest.role().jsonName())
                .put("abi", manifest.abi())
                .put("description", manifest.description())
                .put("from", module.origin())
                .put("sha256", module.sha256())
                .put("bytes", module.size());
        manifest.syncModes().stream().sorted().map(SyncMode::jsonName).forEach(root.putArray("sync_modes")::add);
        manifest.writeModes().stream().sorted().map(WriteMode::jsonName).forEach(root.putArray("write_modes")::add);
        root.put("exactly_once", manifest.exactlyOnce());
        ObjectNode permissions = root.putObject("permissions");
        permissions.putArray("network");
        for (PermissionRequest.Endpoint endpoint : manifest.permissions().network()) {
            ObjectNode node = permissions.withArray("network").addObject();
            put(node.putObject("host"), endpoint.host());
            put(node.putObject("port"), endpoint.port());
        }
        manifest.permissions().env().forEach(permissions.putArray("env")::add);
        manifest.permissions().folders().forEach(permissions.putArray("folders")::add);
        root.putObject("limits")
                .put("memory_bytes", manifest.limits().memoryBytes())
                .put("guest_seconds", manifest.limits().guestTime().toSeconds());
        root.set("config_schema", manifest.configSchema());
        return root;
    }

    private static void put(ObjectNode node, PermissionRequest.Value value) {
        if (value.configMember() == null) {
            node.put("value", value.literal());
        } else {
            node.put("config", value.configMember()).put("default", value.literal());
        }
    }
}
