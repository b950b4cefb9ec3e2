// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.is;

import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class PhaseSplitterTest {
    @Test
    void phasesGetWhatTheyAskForAndTheLastOneTheRest() {
        PhaseSplitter phases = new PhaseSplitter(100);
        phases.take("emit", 30);
        phases.take("connect", 20);
        assertThat(phases.rest("encode"), equalTo(Map.of("emit", 30L, "connect", 20L, "encode", 50L)));
    }

    /** A guest may say of itself what it likes. */
    @Property
    void phasesSumToTheWholeWhateverAGuestReports(
            @ForAll @LongRange(min = 0) long whole, @ForAll long connect, @ForAll long query) {
        PhaseSplitter phases = new PhaseSplitter(whole);
        phases.take("connect", connect);
        phases.take("query", query);
        Map<String, Long> split = phases.rest("encode");
        assertThat(split.values().stream().mapToLong(Long::longValue).sum(), is(whole));
        assertThat(split.values().stream().allMatch(nanos -> nanos >= 0), is(true));
    }
}
