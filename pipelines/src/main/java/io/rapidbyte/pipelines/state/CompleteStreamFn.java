// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import static java.util.Objects.requireNonNull;

import io.rapidbyte.beam.io.FinalizedStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.beam.sdk.transforms.DoFn;

/**
 * Writes down that streams are complete, together with where they end. Its elements come when everything of a stream is committed, so that a
 * position is never ahead of the data; one that comes twice is written down once.
 */
public final class CompleteStreamFn extends DoFn<FinalizedStream, Void> {
    private static final long serialVersionUID = 1L;

    private final StateLocation location;
    private final String runId;

    /** By stream; those that are read whole have none. */
    private final HashMap<String, String> cursorFields;

    /** The same. */
    private final HashMap<String, String> routes;

    private final ArrayList<Duration> waits;

    private transient StoreOfWorker store;

    /**
     * For the streams of a run.
     *
     * @param cursorFields the columns that order changes, by stream
     * @param routes where the rows come from and go to, by stream
     * @param waits how long to wait before a store that cannot be reached is tried again, as often as there are waits
     */
    public CompleteStreamFn(
            StateLocation location,
            String runId,
            Map<String, String> cursorFields,
            Map<String, String> routes,
            List<Duration> waits) {
        this.location = requireNonNull(location, "location");
        this.runId = requireNonNull(runId, "runId");
        this.cursorFields = new HashMap<>(cursorFields);
        this.routes = new HashMap<>(routes);
        this.waits = new ArrayList<>(waits);
    }

    @Setup
    public void setup() {
        store = new StoreOfWorker(location, waits);
    }

    @ProcessElement
    public void process(@Element FinalizedStream stream) {
        CompletedStream completed = new CompletedStream(
                stream.stream(),
                stream.rows(),
                stream.refused(),
                stream.bytes(),
                stream.position(),
                cursorFields.get(stream.stream()),
                routes.get(stream.stream()));
        store.write(each -> each.complete(runId, completed));
    }

    @Teardown
    public void teardown() {
        store.close();
    }
}
