// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StreamPosition;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.SyncMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Whether the stored positions of a pipeline are ones of what its file asks for now. A position that is taken to another table, server or target
 * leaves out the rows below it, and nobody would see that.
 */
public final class Positions {
    private final PreparedPipeline pipeline;

    private Positions(PreparedPipeline pipeline) {
        this.pipeline = pipeline;
    }

    /** Those of a pipeline. */
    public static Positions of(PreparedPipeline pipeline) {
        return new Positions(pipeline);
    }

    /**
     * What has changed since positions were stored, by stream, in clauses such as {@code source.config.database was shop and is now shop2}. Streams of
     * which nothing has are left out, and so are those that are not read incrementally. Older versions stored positions without what belongs to them;
     * these are taken as they are.
     */
    public Map<String, List<String>> changes(List<StreamPosition> positions) {
        Map<String, List<String>> changes = new LinkedHashMap<>();
        for (StreamPosition position : positions) {
            StreamSpec stream = incremental(position.stream());
            if (stream == null || position.route() == null) {
                continue;
            }
            List<String> since = StreamRoute.of(pipeline, stream).changesSince(position.route());
            if (!since.isEmpty()) {
                changes.put(position.stream(), since);
            }
        }
        return changes;
    }

    /** Why the pipeline is not run: a sentence for all streams of which the same has changed; empty when it can be run. */
    public List<String> refusals(List<StreamPosition> positions) {
        Map<List<String>, List<String>> streams = new LinkedHashMap<>();
        changes(positions)
                .forEach((stream, changes) -> streams.computeIfAbsent(changes, any -> new ArrayList<>())
                        .add(stream));
        List<String> sentences = new ArrayList<>();
        streams.forEach((changes, names) -> sentences.add(refusal(names, changes)));
        return sentences;
    }

    /**
     * Makes sure that streams can be read on from where they ended.
     *
     * @throws RunRefusedException when a position is one of something else
     */
    void require(List<StreamPosition> positions) {
        List<String> refusals = refusals(positions);
        if (!refusals.isEmpty()) {
            throw new RunRefusedException(String.join("\n", refusals));
        }
    }

    /** Has the position of an incremental stream stand for what the file asks for now. */
    public void accept(StateStore store, String stream) {
        store.reroute(
                pipeline.name(),
                stream,
                StreamRoute.of(pipeline, incremental(stream)).json());
    }

    /** Whether the file has a stream of this name that is read incrementally. */
    public boolean has(String stream) {
        return incremental(stream) != null;
    }

    private StreamSpec incremental(String name) {
        return pipeline.streams().stream()
                .filter(each -> each.name().equals(name) && each.syncMode() == SyncMode.INCREMENTAL)
                .findFirst()
                .orElse(null);
    }

    private String refusal(List<String> streams, List<String> changes) {
        String options = ShellWord.of(pipeline.file().toString()) + " "
                + streams.stream().map(each -> "--stream " + ShellWord.of(each)).collect(Collectors.joining(" "));
        boolean one = streams.size() == 1;
        return (one ? "Stream " : "Streams ") + String.join(", ", streams) + " of pipeline " + pipeline.name()
                + " cannot go on from where " + (one ? "it" : "they") + " ended, because rows would be left out: "
                + String.join("; ", changes) + ". Undo the change in " + pipeline.file()
                + ", or begin anew with `rapidbyte state reset " + options
                + "`, or, if these are the same rows and the same target under another name, go on with `rapidbyte state accept "
                + options + "`.";
    }
}
