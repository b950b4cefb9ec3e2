// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.DestinationConnector;
import java.util.Map;
import org.apache.beam.sdk.transforms.windowing.BoundedWindow;
import org.apache.beam.sdk.transforms.windowing.GlobalWindow;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is still at work when a run has ended. */
@Timeout(60)
class LocalWritersTest {
    private final ArrowBatch batch = SinkTest.batches("orders", 1).get(0);

    @Test
    void aWriterThatIsToldToEndDoesNotBlameTheConnector() {
        try (ConnectorSession<DestinationConnector> session =
                ConnectorSession.ofDestination(Probe.destination(Map.of()))) {
            StreamWriter writer =
                    Probe.writer(session, batch, CheckpointIntervals.NONE, new BatchQueue(4, Long.MAX_VALUE));
            writer.giveUp();

            ConnectorException failure = assertThrows(
                    ConnectorException.class,
                    () -> writer.put(batch, BoundedWindow.TIMESTAMP_MIN_VALUE, GlobalWindow.INSTANCE));

            assertThat(failure.error().category(), is(Category.CANCELLED));
        }
    }
}
