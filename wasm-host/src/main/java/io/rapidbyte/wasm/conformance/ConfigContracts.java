// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** How a connector treats its configuration ({@code docs/abi.md}, section 5.2), whatever its role. */
final class ConfigContracts {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** Types whose values are never an object, which is put in their place. */
    private static final Set<String> SCALARS = Set.of("string", "integer", "number", "boolean");

    private final ConformanceSubject subject;
    private final Instances instances;
    private final GuestVoice voice;

    ConfigContracts(ConformanceSubject subject, Instances instances, GuestVoice voice) {
        this.subject = subject;
        this.instances = instances;
        this.voice = voice;
    }

    /** A configuration that must be refused. */
    private record BadConfig(String what, ObjectNode config) {}

    String open() {
        instances.tryConfig(subject.config());
        return "It opens with its configuration, within its limits.";
    }

    String refusesBadConfig() throws Broken, NotTried {
        List<BadConfig> all = badConfigs();
        if (all.isEmpty()) {
            throw new NotTried("The config_schema of the manifest names no member that could be wrong.");
        }
        for (BadConfig bad : all) {
            requireRefused(bad);
        }
        return "It refuses %s, such as one %s, with an error of category config."
                .formatted(
                        Sentences.count(all.size(), "wrong configuration", "wrong configurations"),
                        all.get(0).what());
    }

    private void requireRefused(BadConfig bad) throws Broken {
        try {
            instances.tryConfig(bad.config().toString());
        } catch (ConnectorException e) {
            voice.failed(e);
            Broken.unless(
                    e.error().category() == Category.CONFIG,
                    "A configuration %s must be refused with an error of category config; this is what happened: %s",
                    bad.what(),
                    Checklist.sentence(e));
            Broken.unless(
                    Sentences.isOne(e.error().message()),
                    "A configuration %s is refused with the message \"%s\", which is no sentence for the person who must act.",
                    bad.what(),
                    e.error().message());
            return;
        }
        throw new Broken("A configuration %s is accepted by rb_open.".formatted(bad.what()));
    }

    private List<BadConfig> badConfigs() {
        ObjectNode config = config();
        JsonNode schema = subject.module().manifest().configSchema();
        List<BadConfig> bad = new ArrayList<>();
        for (JsonNode name : schema.path("required")) {
            ObjectNode without = config.deepCopy();
            without.remove(name.asText());
            bad.add(new BadConfig("without the required member " + name.asText(), without));
        }
        for (Map.Entry<String, JsonNode> member : schema.path("properties").properties()) {
            if (isScalar(member.getValue())) {
                ObjectNode wrong = config.deepCopy();
                wrong.putObject(member.getKey());
                bad.add(new BadConfig("whose member " + member.getKey() + " is an object", wrong));
            }
        }
        return bad;
    }

    private static boolean isScalar(JsonNode memberSchema) {
        JsonNode type = memberSchema.path("type");
        if (type.isArray()) {
            for (JsonNode each : type) {
                if (!SCALARS.contains(each.asText()) && !each.asText().equals("null")) {
                    return false;
                }
            }
            return !type.isEmpty();
        }
        return SCALARS.contains(type.asText());
    }

    String keepsSecrets() throws Broken, NotTried {
        boolean any = false;
        ObjectNode config = config();
        for (Map.Entry<String, JsonNode> member :
                subject.module().manifest().configSchema().path("properties").properties()) {
            any |= member.getValue().path("x-secret").asBoolean() && config.hasNonNull(member.getKey());
        }
        if (!any) {
            throw new NotTried("The configuration holds no secret.");
        }
        Broken.unless(
                voice.masked() == null,
                "It told a secret of its configuration, which the host masked, in %s",
                voice.masked());
        return "No secret of its configuration was in a log line or an error.";
    }

    private ObjectNode config() {
        try {
            return MAPPER.readTree(subject.config()) instanceof ObjectNode object ? object : MAPPER.createObjectNode();
        } catch (JsonProcessingException e) {
            // Opening has said so already.
            return MAPPER.createObjectNode();
        }
    }
}
