// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectorConfigTest {
    @Test
    void onlyItsJsonShowsWhatIsInIt() {
        ConnectorConfig config = ConnectorConfig.ofMap(Map.of("password", "hunter2"));
        assertThat(config.json(), is("{\"password\":\"hunter2\"}"));
        assertThat(config.toString(), is("(hidden)"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"password\": hunter2}",
                "{\"password\": \"hunter2\"",
                "{\"a\": \"hunter2\"} hunter2",
                "hunter2"
            })
    void aMistakeIsPlacedButNotQuoted(String json) {
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> ConnectorConfig.ofJson(json));
        assertThat(
                refused.getMessage(),
                containsString("The connector's configuration is not JSON: there is a mistake at line 1"));
        assertThat(refused.getMessage(), not(containsString("hunter2")));
        assertThat(refused.getCause(), nullValue());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[\"hunter2\"]", "\"hunter2\"", "null"})
    void anythingButAnObjectIsRefused(String json) {
        assertThat(
                assertThrows(IllegalArgumentException.class, () -> ConnectorConfig.ofJson(json))
                        .getMessage(),
                is("The connector's configuration must be one JSON object such as {\"host\": \"localhost\"}."));
    }
}
