// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.scenario;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Finds and reads scenarios: those of this build by their names, others by their files. */
public final class Scenarios {
    private static final String FOLDER = "/io/rapidbyte/benchmarks/scenarios/";

    private static final ObjectMapper MAPPER = YAMLMapper.builder()
            .enable(DeserializationFeature.ACCEPT_SINGLE_VALUE_AS_ARRAY)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    private Scenarios() {}

    /** The names of the scenarios of this build, in the order in which a reader wants them. */
    public static List<String> names() {
        return List.of(resource("index.txt").strip().split("\\s+"));
    }

    /**
     * Reads a scenario.
     *
     * @param nameOrFile one of {@link #names()}, or the path of a YAML file
     * @throws IllegalArgumentException when there is none, or it is wrong; the message is a sentence that names the file and the place
     */
    public static Scenario find(String nameOrFile) {
        if (names().contains(nameOrFile)) {
            return parse(nameOrFile + ".yaml", resource(nameOrFile + ".yaml"));
        }
        Path file = Path.of(nameOrFile);
        try {
            return parse(nameOrFile, Files.readString(file));
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "There is no scenario '" + nameOrFile + "' and no file of that name. There are "
                            + String.join(", ", names()) + ".",
                    e);
        }
    }

    static Scenario parse(String origin, String yaml) {
        try {
            return MAPPER.readValue(yaml, Scenario.class);
        } catch (UnrecognizedPropertyException e) {
            String known = e.getKnownPropertyIds().stream()
                    .map(String::valueOf)
                    .collect(Collectors.toCollection(TreeSet::new))
                    .toString();
            // Without a line: Jackson looks at unknown keys when it has read all others, and names the end.
            throw new IllegalArgumentException(
                    "Scenario " + origin + ": '" + e.getPropertyName() + "' is not known; there are " + known, e);
        } catch (ValueInstantiationException e) {
            throw wrong(
                    origin,
                    e,
                    String.valueOf(
                            e.getCause() == null
                                    ? e.getOriginalMessage()
                                    : e.getCause().getMessage()));
        } catch (JsonProcessingException e) {
            throw wrong(origin, e, e.getOriginalMessage());
        }
    }

    private static IllegalArgumentException wrong(String origin, JsonProcessingException e, String what) {
        // The parser reads ahead; its last token is where the mistake is, or ends.
        JsonLocation location =
                e.getProcessor() instanceof JsonParser parser ? parser.currentTokenLocation() : e.getLocation();
        String place = location == null ? "" : ", line " + location.getLineNr();
        String path = "";
        if (e instanceof JsonMappingException mapping) {
            path = mapping.getPath().stream()
                    .map(JsonMappingException.Reference::getFieldName)
                    .filter(Objects::nonNull)
                    .reduce((outer, inner) -> inner)
                    .map(name -> " (" + name + ")")
                    .orElse("");
        }
        return new IllegalArgumentException("Scenario " + origin + place + path + ": " + what, e);
    }

    private static String resource(String name) {
        try (InputStream in = Scenarios.class.getResourceAsStream(FOLDER + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("the scenario " + name + " is missing from this build", e);
        }
    }
}
