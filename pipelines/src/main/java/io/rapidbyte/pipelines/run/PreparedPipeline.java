// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.pipelines.config.AutotuneSection;
import io.rapidbyte.pipelines.config.ByteSize;
import io.rapidbyte.pipelines.config.ConfigurationException;
import io.rapidbyte.pipelines.config.ConnectorUse;
import io.rapidbyte.pipelines.config.Permissions;
import io.rapidbyte.pipelines.config.Pipeline;
import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.config.Resources;
import io.rapidbyte.pipelines.config.SchemaEvolutionSection;
import io.rapidbyte.pipelines.config.StreamSection;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.Grants;
import io.rapidbyte.wasm.Limits;
import io.rapidbyte.wasm.RecordPolicy;
import io.rapidbyte.wasm.SchemaEvolution;
import io.rapidbyte.wasm.SchemaEvolution.NewColumn;
import io.rapidbyte.wasm.SchemaEvolution.NullabilityChange;
import io.rapidbyte.wasm.SchemaEvolution.RemovedColumn;
import io.rapidbyte.wasm.SchemaEvolution.TypeChange;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.SyncMode;
import io.rapidbyte.wasm.WriteMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A pipeline with its connectors: modules loaded, configurations valid by their manifests. Nothing has been connected to.
 *
 * @param name the pipeline's name
 * @param file the file it is described in, as messages name it
 * @param source what reads
 * @param streams what is read
 * @param destination what writes
 * @param writeMode how the targets' old rows are treated
 * @param primaryKey the columns that identify a row; may be empty
 * @param dataErrors what becomes of a record that the destination refuses
 * @param schemaEvolution what happens when a stream and its target differ
 * @param resources what the pipeline may use of the machine
 */
public record PreparedPipeline(
        String name,
        Path file,
        Connector source,
        List<StreamSpec> streams,
        Connector destination,
        WriteMode writeMode,
        List<String> primaryKey,
        RecordPolicy dataErrors,
        SchemaEvolution schemaEvolution,
        Resources resources) {
    /** The member of a destination's configuration that says where its dead letters go. */
    private static final String DEAD_LETTER_TABLE = "dead_letter_table";

    /**
     * A connector as this pipeline uses it.
     *
     * @param module its module
     * @param config its configuration as JSON; may hold secrets
     * @param grants what the pipeline lets it use
     * @param limits the pipeline's limits; of these and the manifest's the smaller hold
     */
    public record Connector(ConnectorModule module, String config, Grants grants, Limits limits) {
        private boolean has(String member) {
            return Json.parse(config).hasNonNull(member);
        }

        private boolean switchesOff(String member) {
            return Json.parse(config).path(member).asText().equals("false");
        }

        /** Names the module; the configuration stays out because it may hold secrets. */
        @Override
        public String toString() {
            return module.toString();
        }
    }

    public PreparedPipeline {
        streams = List.copyOf(streams);
        primaryKey = List.copyOf(primaryKey);
    }

    /** Whether dead letters are kept with the state of the pipeline, because the destination has no table for them. */
    boolean keepsDeadLetters() {
        return dataErrors == RecordPolicy.DLQ && !destination.has(DEAD_LETTER_TABLE);
    }

    /** Whether the destination knows the batches again that it has, so that a stream can be gone on with where it broke off. */
    boolean writesOnce() {
        return destination.module().manifest().exactlyOnce() && !destination.switchesOff("exactly_once");
    }

    /**
     * Loads the connectors of a pipeline file and validates their configurations and modes.
     *
     * @throws ConfigurationException with all that is wrong with the file, its connectors and their configurations
     */
    public static PreparedPipeline prepare(PipelineFile file, ConnectorResolver resolver) {
        ConnectorsOfFile connectors = ConnectorsOfFile.resolve(file, resolver);
        Pipeline pipeline = file.pipeline();
        return new PreparedPipeline(
                pipeline.name(),
                pipeline.file(),
                connector(
                        pipeline.source(),
                        connectors.source(),
                        pipeline.resources(),
                        pipeline.source().config()),
                pipeline.streams().stream()
                        .map(each -> stream(each, pipeline.resources().autotune()))
                        .toList(),
                connector(
                        pipeline.destination(),
                        connectors.destination(),
                        pipeline.resources(),
                        withFlushSize(pipeline.destination().config(), pipeline.resources())),
                WriteMode.fromJsonName(pipeline.writeMode()),
                pipeline.primaryKey(),
                RecordPolicy.fromJsonName(pipeline.onDataError()),
                evolution(pipeline.schemaEvolution()),
                pipeline.resources());
    }

    /** What the user says in the connector's own configuration comes first. */
    private static ObjectNode withFlushSize(ObjectNode config, Resources resources) {
        ByteSize size = resources.copyFlushBytes() == null
                ? resources.autotune().pinCopyFlushBytes()
                : resources.copyFlushBytes();
        return size == null || config.has(ConnectorsOfFile.COPY_FLUSH_BYTES)
                ? config
                : config.deepCopy().put(ConnectorsOfFile.COPY_FLUSH_BYTES, size.bytes());
    }

    private static StreamSpec stream(StreamSection section, AutotuneSection autotune) {
        boolean pinned = section.partitionKey() != null && autotune.pinSourcePartitionMode() != null;
        SyncMode mode = SyncMode.fromJsonName(section.syncMode());
        StreamSpec stream = StreamSpec.of(section.name())
                .withOptions(pinned ? Map.of("partition_mode", autotune.pinSourcePartitionMode()) : Map.of())
                .withSyncMode(mode)
                .withColumns(section.columns().isEmpty() ? null : section.columns())
                .withPartitionKey(section.partitionKey());
        // A file may keep the cursor of a stream that is to be read whole this time.
        return mode == SyncMode.FULL_REFRESH
                ? stream
                : stream.withCursor(section.cursorField(), section.tieBreakerField());
    }

    private static SchemaEvolution evolution(SchemaEvolutionSection section) {
        SchemaEvolution evolution = SchemaEvolution.defaults();
        if (section.newColumn() != null) {
            evolution = evolution.withNewColumn(NewColumn.fromJsonName(section.newColumn()));
        }
        if (section.removedColumn() != null) {
            evolution = evolution.withRemovedColumn(RemovedColumn.fromJsonName(section.removedColumn()));
        }
        if (section.typeChange() != null) {
            evolution = evolution.withTypeChange(TypeChange.fromJsonName(section.typeChange()));
        }
        if (section.nullabilityChange() != null) {
            evolution = evolution.withNullabilityChange(NullabilityChange.fromJsonName(section.nullabilityChange()));
        }
        return evolution;
    }

    private static Connector connector(
            ConnectorUse use, ConnectorModule module, Resources resources, ObjectNode config) {
        Permissions permissions = use.permissions();
        return new Connector(
                module,
                config.toString(),
                new Grants(permissions.allowedHosts(), permissions.allowedVars(), permissions.allowedPreopens()),
                limits(use, module, resources));
    }

    /** Of memory and computation a manifest speaks too; of the other limits only the pipeline, and else the defaults hold. */
    private static Limits limits(ConnectorUse use, ConnectorModule module, Resources resources) {
        Limits manifest = module.manifest().limits();
        Limits limits =
                Limits.defaults().withMemoryBytes(manifest.memoryBytes()).withGuestTime(manifest.guestTime());
        ByteSize memory = smaller(use.limits().maxMemory(), resources.maxMemory());
        if (memory != null) {
            limits = limits.withMemoryBytes(Math.min(limits.memoryBytes(), memory.bytes()));
        }
        if (use.limits().timeoutSeconds() != null) {
            Duration timeout = Duration.ofSeconds(use.limits().timeoutSeconds());
            limits = limits.smaller(limits.withGuestTime(timeout));
        }
        if (resources.maxBatchBytes() != null) {
            limits = limits.withMaxBatchBytes(resources.maxBatchBytes().bytes());
        }
        if (resources.maxRecords() != null) {
            limits = limits.withMaxBatchRows(resources.maxRecords());
        }
        if (resources.maxRecordBytes() != null) {
            limits = limits.withMaxRecordBytes(resources.maxRecordBytes().bytes());
        }
        return limits;
    }

    private static ByteSize smaller(ByteSize a, ByteSize b) {
        if (a == null || b == null) {
            return a == null ? b : a;
        }
        return a.bytes() <= b.bytes() ? a : b;
    }
}
