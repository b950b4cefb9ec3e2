// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What environment variables make of the host. */
class HostSettingsTest {
    @Test
    void withoutVariablesTheDefaultsHold() {
        HostSettings settings = HostSettings.from(Map.of());

        assertThat(settings.tcpBufferBytes(), is(262_144));
        assertThat(settings.ioTimeout(), is(Duration.ofMinutes(5)));
        assertThat(settings.engine(), is(Engine.COMPILED));
        assertThat(settings.cacheDirectory(), is(Path.of(System.getProperty("user.home"), ".cache", "rapidbyte")));
    }

    @Test
    void everyVariableIsRead() {
        HostSettings settings = HostSettings.from(Map.of(
                "RAPIDBYTE_TCP_BUFFER_BYTES", " 65536 ",
                "RAPIDBYTE_ENGINE", "interpreted",
                "RAPIDBYTE_CACHE_DIR", "kept"));

        assertThat(settings, is(new HostSettings(65_536, Duration.ofMinutes(5), Path.of("kept"), Engine.INTERPRETED)));
    }

    @Test
    void anEmptyVariableIsNone() {
        Map<String, String> empty =
                Map.of("RAPIDBYTE_TCP_BUFFER_BYTES", "", "RAPIDBYTE_ENGINE", " ", "RAPIDBYTE_CACHE_DIR", "");

        assertThat(HostSettings.from(empty), is(HostSettings.from(Map.of())));
    }

    @Test
    void theCacheIsWhereTheUserKeepsCaches() {
        assertThat(
                HostSettings.from(Map.of("XDG_CACHE_HOME", "caches")).cacheDirectory(),
                is(Path.of("caches", "rapidbyte")));
        assertThat(
                HostSettings.from(Map.of("XDG_CACHE_HOME", "caches", "RAPIDBYTE_CACHE_DIR", "off"))
                        .cacheDirectory(),
                is(nullValue()));
    }

    @ParameterizedTest
    @CsvSource({
        "RAPIDBYTE_TCP_BUFFER_BYTES, 64kb, and has to be a number of bytes",
        "RAPIDBYTE_TCP_BUFFER_BYTES, 99999999999, and has to be a number of bytes",
        "RAPIDBYTE_TCP_BUFFER_BYTES, 4095, and has to lie between 4096 and 16777216 bytes",
        "RAPIDBYTE_TCP_BUFFER_BYTES, 16777217, and has to lie between 4096 and 16777216 bytes",
        "RAPIDBYTE_ENGINE, fast, and has to be compiled or interpreted."
    })
    void aBadValueIsAnsweredWithItsVariable(String variable, String value, String expected) {
        IllegalArgumentException failure =
                assertThrows(IllegalArgumentException.class, () -> HostSettings.from(Map.of(variable, value)));

        assertThat(failure.getMessage(), startsWith(variable + " is '" + value + "' " + expected));
    }
}
