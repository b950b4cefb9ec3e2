// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.nullValue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The probes behave: what a source emits arrives at a destination, in order and complete. */
class RoundTripTest {

    @Test
    void whatASourceEmitsArrivesAtADestination() {
        List<Frame> frames = Probes.frames("{'units': 3, 'batches_per_unit': 2, 'rows_per_batch': 50}");
        assertThat(frames, hasSize(6));
        assertThat(frames.stream().map(Frame::unit).toList(), contains(0L, 0L, 1L, 1L, 2L, 2L));
        assertThat(frames.stream().map(Frame::sequence).toList(), contains(0, 1, 0, 1, 0, 1));

        try (SourceConnector source = Probes.source("{'units': 3}");
                DestinationConnector destination = Probes.destination("{}")) {
            WriteRequest request = Probes.writeRequest(source.plan(Probes.STREAM));
            assertThat(destination.apply(request), equalTo("probe.numbers"));
            WriteResult result = destination.write(request, new Probes.Feed(frames));
            assertThat(result.rows(), is(300L));
            assertThat(result.batches(), is(6L));
            assertThat(destination.timings().counters().get("probe_rows"), is(300L));
            // Once for each bundle.
            assertThat(destination.write(request, new Probes.Feed(frames)).rows(), is(300L));
            assertThat(destination.finalizeStream(request), equalTo("probe.numbers"));
        }
    }

    @Test
    void aPositionGoesToThePlanAndComesFromItAndIsNoPartOfWhatIsRead() {
        String position = "{\"cursor\":{\"value\":\"1.50\"},\"seen\":[1,{\"ä\":null}]}";
        try (SourceConnector source = Probes.source("{}")) {
            StreamPlan plan = source.plan(Probes.STREAM.withPosition(position));
            assertThat(plan.position(), is(position));
            assertThat(plan.stream().position(), is(nullValue()));
            assertThat(plan.withSnapshot("s").position(), is(position));
            assertThat(source.plan(Probes.STREAM).position(), is(nullValue()));
        }
    }

    @Test
    void aDeniedClaimEndsAReadBeforeItsUnit() {
        try (SourceConnector source = Probes.source("{'units': 10}")) {
            StreamPlan plan = source.plan(Probes.STREAM);
            Probes.Reader reader = new Probes.Reader(4);
            ReadResult result = source.read(plan, 2, 10, reader);
            assertThat(reader.claimed, contains(2L, 3L, 4L));
            assertThat(result.units(), is(2L));
            assertThat(result.batches(), is((long) reader.frames.size()));
        }
    }
}
