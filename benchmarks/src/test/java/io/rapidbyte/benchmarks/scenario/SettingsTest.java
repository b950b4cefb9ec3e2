// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.scenario;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
    @ParameterizedTest
    @CsvSource({
        "RUNNER, flink, spark",
        "PARTITIONS, 8, 0",
        "PARTITIONS, 999999999, 9999999999",
        "WRITE_MODE, upsert, merge",
        "LOAD_METHOD, insert, COPY",
        "EXACTLY_ONCE, false, no",
        "CHECKPOINT_BYTES, 64mb, often",
        "COMPRESSION, zstd, gzip",
        "RESHUFFLE, true, yes",
        "BATCH_BYTES, 4mb, large",
        "FLUSH_BYTES, 128kb, -1",
        "INFLIGHT_BATCHES, 2, two",
        "TCP_BUFFER, 65536, 0",
        "CODE, cache_cold, cache",
        "SSLMODE, require, verify-full",
        "BATCH_ROWS, 5000, 5e3",
        "FETCH_ROWS, 1, ''",
        "HEAP, 1gb, 1 parsec",
        "JAVA_OPTIONS, -Xss1m -XX:+UseSerialGC, -Xmx1g; rm"
    })
    void aValueIsCheckedAndWhatIsExpectedIsSaid(Setting setting, String good, String bad) {
        setting.check(good);

        assertThat(
                assertThrows(IllegalArgumentException.class, () -> setting.check(bad))
                        .getMessage(),
                startsWith("The setting " + setting.key() + " is '" + bad + "'; expected "));
    }

    @Test
    void valuesAreReadInTheirKind() {
        Settings settings = Settings.of(Map.of("partitions", "4", "batch_bytes", "1mb"));

        assertThat(settings.number(Setting.PARTITIONS), is(OptionalInt.of(4)));
        assertThat(settings.bytes(Setting.BATCH_BYTES), is(OptionalLong.of(1 << 20)));
        assertThat(settings.text(Setting.RUNNER), is(Optional.empty()));
        assertThat(settings.number(Setting.BATCH_ROWS), is(OptionalInt.empty()));
        assertThat(settings.bytes(Setting.HEAP), is(OptionalLong.empty()));
    }

    @Test
    void settingsAreTheirValues() {
        Settings settings = Settings.of(Map.of("runner", "flink", "heap", "1gb"));

        assertThat(settings.toString(), is("heap=1gb runner=flink"));
        assertThat(Settings.of(settings.byName()), is(settings));
        assertThat(settings.with(Setting.RUNNER, "direct").toString(), is("heap=1gb runner=direct"));
        assertThat(settings.toString(), is("heap=1gb runner=flink"));
        assertThat(Settings.of(Map.of()), is(Settings.NONE));
    }

    @Test
    void aNameThatIsNoneIsAnsweredWithThoseThereAre() {
        assertThat(
                assertThrows(IllegalArgumentException.class, () -> Settings.of(Map.of("threads", "2")))
                        .getMessage(),
                allOf(startsWith("There is no setting 'threads'; there are "), containsString("partitions")));
    }
}
