// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.ArrowFrames;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.Grants;
import io.rapidbyte.wasm.Limits;
import io.rapidbyte.wasm.RecordPolicy;
import io.rapidbyte.wasm.SchemaEvolution;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WriteMode;
import java.util.List;
import java.util.Map;

/** The two connectors made for tests: one makes rows up, one counts what it gets, both misbehave on request. */
final class Probe {
    static final String RUN = "run-1";

    private Probe() {}

    static ConnectorModule sourceModule() {
        return ConnectorModule.bundled("probe-source");
    }

    static ConnectorModule destinationModule() {
        return ConnectorModule.bundled("probe-destination");
    }

    static WasmIO.Read read(Map<String, ?> config) {
        return WasmIO.read().withConnector(sourceModule()).withConfig(config).withRunId(RUN);
    }

    static WasmIO.Write write(Map<String, ?> config) {
        return WasmIO.write()
                .withConnector(destinationModule())
                .withConfig(config)
                .withRunId(RUN);
    }

    static ConnectorSpec source(Map<String, ?> config) {
        return new ConnectorSpec(
                sourceModule(), ConnectorConfig.ofMap(config), RUN, null, Grants.manifestOnly(), Limits.defaults());
    }

    static ConnectorSpec destination(Map<String, ?> config) {
        return new ConnectorSpec(
                destinationModule(),
                ConnectorConfig.ofMap(config),
                RUN,
                null,
                Grants.manifestOnly(),
                Limits.defaults());
    }

    static WriteSettings append() {
        return append(RecordPolicy.FAIL);
    }

    static WriteSettings append(RecordPolicy dataErrors) {
        return new WriteSettings(WriteMode.APPEND, List.of(), dataErrors, SchemaEvolution.defaults(), Map.of());
    }

    /** A writer of the stream of a batch, which is not started. */
    static StreamWriter writer(
            ConnectorSession<DestinationConnector> session,
            ArrowBatch batch,
            CheckpointIntervals intervals,
            BatchQueue queue) {
        return new StreamWriter(
                "probe-destination",
                session,
                append().request(
                                RUN,
                                WriteBatchesDoFn.relation(batch, ArrowFrames.inspect(batch.frame())),
                                ArrowFrames.schemaOf(batch.frame())),
                intervals,
                queue);
    }

    /** How the source would read a stream. */
    static StreamPlan plan(ConnectorSpec source, String stream) {
        try (SourceConnector connector = source.openSource()) {
            return connector.plan(StreamSpec.of(stream));
        }
    }
}
