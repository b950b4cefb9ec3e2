// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.is;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RapidbyteMetricsTest {
    @Test
    void aNameShowsStreamAndConnector() {
        assertThat(
                new RapidbyteMetrics.Name(RapidbyteMetrics.SOURCE_READ, "shop.orders", "source-postgres").format(),
                is("source_read_nanos{stream=shop.orders,connector=source-postgres}"));
        assertThat(
                new RapidbyteMetrics.Name(RapidbyteMetrics.SOURCE_READ, "a,b={c} ä", "x").format(),
                is("source_read_nanos{stream=a%2Cb%3D%7Bc%7D%20%C3%A4,connector=x}"));
    }

    @Test
    void valuesAddUpUnlessTheyAreMaxima() {
        assertThat(RapidbyteMetrics.combine(RapidbyteMetrics.DEST_WORKERS, 2, 3), is(5L));
        assertThat(RapidbyteMetrics.combine(RapidbyteMetrics.DEST_WORKER_RECORDS_MAX, 2, 3), is(3L));
    }

    @Property(tries = 500)
    void whatIsWrittenIsParsed(
            @ForAll @StringLength(max = 30) String text, @ForAll @StringLength(max = 30) String other) {
        // A lone surrogate has no UTF-8 form; names come from UTF-8 in the first place.
        String stream = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        String connector = new String(other.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        RapidbyteMetrics.Name name = new RapidbyteMetrics.Name("emit_nanos", stream, connector);
        assertThat(RapidbyteMetrics.Name.parse(name.format()), equalTo(Optional.of(name)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "emit_nanos",
                "emit_nanos{stream=a}",
                "emit_nanos{stream=a,connector=b}x",
                "{stream=a,connector=b}"
            })
    void otherNamesAreNotOurs(String text) {
        assertThat(RapidbyteMetrics.Name.parse(text), equalTo(Optional.empty()));
    }
}
