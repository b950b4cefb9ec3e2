// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;

/** The one JSON mapper. What it reads may come from a hostile guest. */
final class Json {
    static final ObjectMapper MAPPER = mapper();

    private Json() {}

    /** Whether a text is one JSON object. */
    static boolean isObject(String text) {
        try {
            return MAPPER.readTree(text).isObject();
        } catch (JsonProcessingException e) {
            return false;
        }
    }

    private static ObjectMapper mapper() {
        JsonMapper mapper = JsonMapper.builder()
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .disable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS.mappedFeature())
                .build();
        // Plans and schemas travel as long texts; the size of a whole response is bounded before it is parsed.
        mapper.getFactory()
                .setStreamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(200)
                        .maxStringLength(64 << 20)
                        .maxNumberLength(400)
                        // A token takes some hundred bytes in memory, however small it is in the text.
                        .maxTokenCount(5_000_000)
                        .build());
        return mapper;
    }
}
