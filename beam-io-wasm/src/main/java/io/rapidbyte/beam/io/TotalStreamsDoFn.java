// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WriteMode;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.values.KV;

/**
 * Adds up what was committed of each stream, once all of it is known, and looks at all streams together: nothing is put in place of any
 * target when two of them are in each other's way.
 */
final class TotalStreamsDoFn extends DoFn<KV<String, Iterable<StreamCommit>>, StreamCommit> {
    private final String connector;
    private final WriteMode mode;

    TotalStreamsDoFn(String connector, WriteMode mode) {
        this.connector = connector;
        this.mode = mode;
    }

    /** A stream in a run. */
    private record Key(String runId, String stream) {}

    @ProcessElement
    public void process(@Element KV<String, Iterable<StreamCommit>> commits, OutputReceiver<StreamCommit> outputs) {
        Map<Key, StreamCommit> totals = new LinkedHashMap<>();
        Map<String, StreamSpec> streams = new HashMap<>();
        Map<String, StreamSpec> byTarget = new HashMap<>();
        Map<String, String> positions = new HashMap<>();
        for (StreamCommit commit : commits.getValue()) {
            CommitReceipt receipt = commit.receipt();
            String name = receipt.stream().name();
            StreamSpec first = streams.putIfAbsent(name, receipt.stream());
            if (first != null) {
                requireSameRelation(first, receipt.stream());
            }
            StreamSpec other = byTarget.putIfAbsent(commit.target(), receipt.stream());
            if (other != null) {
                requireSameStream(commit.target(), other, receipt.stream());
            }
            if (commit.position() != null) {
                requireSamePosition(name, positions.putIfAbsent(name, commit.position()), commit.position());
            }
            totals.merge(new Key(receipt.runId(), name), commit, StreamCommit::plus);
        }
        if (mode == WriteMode.REPLACE) {
            requireOneRunOfEach(totals);
        }
        totals.values().forEach(this::requireFirstBatch);
        totals.values().forEach(outputs::output);
    }

    /** It carries where the stream ends: without it, the next run would begin where this one did. And others may be missing with it. */
    private void requireFirstBatch(StreamCommit total) {
        if (!total.first()) {
            throw refused(
                    Category.CONFIG,
                    "first_batch_missing",
                    "Nothing is finalized, because the first batch of stream "
                            + total.receipt().stream().name()
                            + " (unit 0, batch 0) was not written: a step between reading and writing left it out. Let every batch pass, also"
                            + " those without rows, and give one that nothing is left of on with its schema: batch.withFrame(0, …).");
        }
    }

    /** A stream that was planned twice has two ends, and the rows of both are written: neither is where it ended. */
    private void requireSamePosition(String stream, String one, String other) {
        if (one != null && !one.equals(other)) {
            throw refused(
                    Category.CONFIG,
                    "mixed_positions",
                    "Stream " + stream
                            + " was read twice in one run, up to two different positions. Give the two streams different names.");
        }
    }

    private void requireSameRelation(StreamSpec one, StreamSpec other) {
        if (!one.equals(other)) {
            throw refused(
                    Category.SCHEMA,
                    "mixed_relations",
                    "Stream " + one.name() + " was read from " + relation(one) + " and from " + relation(other)
                            + ", and nothing is put in place of either's target. Give the two streams different names.");
        }
    }

    private void requireSameStream(String target, StreamSpec one, StreamSpec other) {
        if (!one.name().equals(other.name())) {
            throw refused(
                    Category.CONFIG,
                    "same_target",
                    "Streams " + one.name() + " (" + relation(one) + ") and " + other.name() + " (" + relation(other)
                            + ") have the same target, " + target
                            + ", and nothing is put in its place. Write one of them to another schema.");
        }
    }

    private void requireOneRunOfEach(Map<Key, StreamCommit> totals) {
        Map<String, String> runs = new HashMap<>();
        for (Key key : totals.keySet()) {
            if (runs.putIfAbsent(key.stream(), key.runId()) != null) {
                throw refused(
                        Category.CONFIG,
                        "mixed_runs",
                        "Stream " + key.stream()
                                + " was read by two steps, and the rows of either would take the place of the other's. Read it in one step,"
                                + " or write it in mode append.");
            }
        }
    }

    private ConnectorException refused(Category category, String code, String message) {
        return new ConnectorException(connector, ConnectorError.of(category, code, message));
    }

    private static String relation(StreamSpec stream) {
        return stream.namespace() + "." + stream.table();
    }
}
