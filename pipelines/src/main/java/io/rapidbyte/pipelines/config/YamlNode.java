// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/** A value of a YAML document that knows where it stands. An alias is the very node its anchor names. */
sealed interface YamlNode {
    /** Where the value begins. */
    Location at();

    /** A mapping, its members in the order of the file. */
    record Mapping(Location at, Map<String, Member> members) implements YamlNode {}

    /** One member of a mapping: where its key stands, and its value. */
    record Member(Location keyAt, YamlNode value) {}

    /** A sequence. */
    record Sequence(Location at, List<YamlNode> elements) implements YamlNode {}

    /** Text, a number, a boolean or null, typed by the rules of YAML 1.2's core schema as Jackson applies them. */
    record Scalar(Location at, JsonNode value) implements YamlNode {}
}
