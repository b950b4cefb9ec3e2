// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.testing.TestSchema;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** A table that was read, and is written into a target as the steps of a run do it, as often as a test wants. */
final class TableWriting {
    /** The calls that a run consists of. */
    enum Step {
        APPLY,
        WRITE,
        FINALIZE
    }

    /** Where an attempt ended and why. */
    record Failure(Step step, ConnectorException thrown) {
        ConnectorError error() {
            return thrown.error();
        }

        @Override
        public String toString() {
            return step + ": " + thrown.getMessage() + " " + thrown.error();
        }
    }

    static final String TABLE = "items";
    static final int ROWS = 300;

    /** Some of them far from the others, so that a destination that keeps identities by range meets more than one. */
    static final long[] UNITS = {0, 1, 70};

    private static final int MOST_ATTEMPTS = 50;
    private static final ConnectorModule DESTINATION = ConnectorModule.bundled("dest-postgres");

    private final StreamPlan plan;
    private final List<Frame> frames;
    private final WriteMode mode;

    private TableWriting(StreamPlan plan, List<Frame> frames, WriteMode mode) {
        this.plan = plan;
        this.frames = frames;
        this.mode = mode;
    }

    /** Makes the table in the source, and reads it. */
    static TableWriting of(TestSchema source, WriteMode mode) {
        source.execute(
                "create table " + TABLE + " (id bigint primary key, name text, amount numeric(10,2), at timestamptz)",
                "insert into " + TABLE + " select n, 'item ' || n, n / 7.0, timestamptz '2024-01-01 00:00Z'"
                        + " + n * interval '1 hour' from generate_series(1, " + ROWS + ") n");
        InstanceOptions options =
                InstanceOptions.of("reading").withLimits(Limits.defaults().withMaxBatchRows(ROWS / UNITS.length));
        try (SourceConnector connector =
                WasmHost.shared().openSource(PostgresSource.MODULE, PostgresSource.json(source.config()), options)) {
            StreamPlan plan = connector.plan(StreamSpec.of(TABLE));
            Probes.Reader reader = new Probes.Reader();
            connector.read(plan, 0, plan.units(), reader);
            assertThat(reader.frames, hasSize(UNITS.length));
            List<Frame> frames = new ArrayList<>();
            for (int i = 0; i < UNITS.length; i++) {
                Frame frame = reader.frames.get(i);
                frames.add(new Frame(UNITS[i], 0, frame.rows(), frame.bytes()));
            }
            return new TableWriting(plan, frames, mode);
        }
    }

    List<Frame> frames() {
        return frames;
    }

    WriteRequest request(String runId) {
        List<String> key = mode == WriteMode.UPSERT ? List.of("id") : List.of();
        return new WriteRequest(runId, plan.stream(), plan.schema(), mode, key, Map.of());
    }

    /** An instance for one run; the caller closes it. */
    static DestinationConnector open(Map<String, Object> config, String runId) {
        return WasmHost.shared().openDestination(DESTINATION, PostgresSource.json(config), InstanceOptions.of(runId));
    }

    /** All steps by one instance, until one fails. */
    Optional<Failure> attempt(Map<String, Object> config, String runId) {
        return attempt(config, runId, new Probes.Feed(frames));
    }

    /** As {@link #attempt(Map, String)}, with the batches of a feed. */
    Optional<Failure> attempt(Map<String, Object> config, String runId, BatchFeed feed) {
        WriteRequest request = request(runId);
        Step step = Step.APPLY;
        try (DestinationConnector destination = open(config, runId)) {
            destination.apply(request);
            step = Step.WRITE;
            WriteResult written = destination.write(request, feed);
            assertThat("as many rows are reported as were given", written.rows(), is((long) ROWS));
            assertThat("as many batches are reported as were given", written.batches(), is((long) frames.size()));
            step = Step.FINALIZE;
            destination.finalizeStream(request);
            return Optional.empty();
        } catch (ConnectorException e) {
            return Optional.of(new Failure(step, e));
        }
    }

    /**
     * Repeats the write until it is done, which may meet what an earlier attempt left at work in the server; but only failures that say that
     * a repetition is worth while and doubles nothing.
     */
    void complete(Map<String, Object> config, String runId) {
        Failure last = null;
        for (int attempt : IntStream.range(0, MOST_ATTEMPTS).toArray()) {
            Optional<Failure> failure = attempt(config, runId);
            if (failure.isEmpty()) {
                return;
            }
            last = failure.get();
            assertThat("attempt " + attempt + ", " + last, last.error().retryable(), is(true));
            assertThat("attempt " + attempt + ", " + last, last.error().safeToRetry(), is(true));
        }
        throw new AssertionError("the write does not complete: " + last);
    }

    /** What of a run's batches is kept in a target's schema: they are known until another run of the stream has ended. */
    static List<String> ledger(TestSchema target, String runId) {
        return target.query(
                                "select 1 from pg_class where relname = '_rapidbyte_ledger' and relnamespace = current_schema()::regnamespace")
                        .isEmpty()
                ? List.of()
                : target.query("select unit, sequence from _rapidbyte_ledger where run_id = '" + runId
                        + "' and unit >= 0 order by 1, 2");
    }
}
