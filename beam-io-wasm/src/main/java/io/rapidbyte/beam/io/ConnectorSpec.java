// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static java.util.Objects.requireNonNull;

import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.Grants;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.Limits;
import io.rapidbyte.wasm.Role;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.WasmHost;
import java.io.Serializable;
import java.util.Locale;
import java.util.UUID;
import javax.annotation.Nullable;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.transforms.display.DisplayData;

/**
 * Which connector runs, configured how and allowed what: the part that every transform with a connector has in common.
 *
 * @param runId the run's id, when it was given one or when that is known; else null
 * @param transform what tells the transform from all others, once it is part of a graph
 */
record ConnectorSpec(
        @Nullable ConnectorModule module,
        ConnectorConfig config,
        @Nullable String runId,
        @Nullable String transform,
        Grants grants,
        Limits limits)
        implements Serializable {

    static ConnectorSpec empty() {
        return new ConnectorSpec(null, ConnectorConfig.EMPTY, null, null, Grants.manifestOnly(), Limits.defaults());
    }

    ConnectorSpec withModule(ConnectorModule newModule, Role role, String transform) {
        requireNonNull(newModule, "connector");
        if (newModule.manifest().role() != role) {
            throw new IllegalArgumentException(transform + " needs a " + word(role) + ", and connector "
                    + newModule.name() + " is a " + word(newModule.manifest().role()) + ".");
        }
        return new ConnectorSpec(newModule, config, runId, transform, grants, limits);
    }

    ConnectorSpec withConfig(ConnectorConfig newConfig) {
        return new ConnectorSpec(module, newConfig, runId, transform, grants, limits);
    }

    ConnectorSpec withRunId(String newRunId) {
        if (requireNonNull(newRunId, "runId").isBlank()) {
            throw new IllegalArgumentException(
                    "The run id is blank; give one that no other run has, or none to get a random one.");
        }
        return new ConnectorSpec(module, config, newRunId, transform, grants, limits);
    }

    ConnectorSpec withGrants(Grants newGrants) {
        return new ConnectorSpec(module, config, runId, transform, requireNonNull(newGrants, "grants"), limits);
    }

    ConnectorSpec withLimits(Limits newLimits) {
        return new ConnectorSpec(module, config, runId, transform, grants, requireNonNull(newLimits, "limits"));
    }

    /** This as a part of a graph, when it has what it needs for that. */
    ConnectorSpec complete(String what) {
        if (module == null) {
            throw new IllegalArgumentException(
                    what
                            + " has no connector: call withConnector(ConnectorModule.bundled(\"…\")) or withConnector(ConnectorModule.read(path)).");
        }
        return new ConnectorSpec(module, config, runId, UUID.randomUUID().toString(), grants, limits);
    }

    /** This in the run that is executed with these options. */
    ConnectorSpec inRun(PipelineOptions options) {
        return runId == null ? withRunId(RunIds.of(transform, options)) : this;
    }

    /** The run that is executed with these options; null when they do not say: the Direct runner shows most steps those from before the start. */
    @Nullable
    String knownRun(PipelineOptions options) {
        boolean known = runId != null || options.as(ExecutionOptions.class).getRapidbyteExecution() != null;
        return known ? inRun(options).runId() : null;
    }

    /** The connector's name, as errors and metrics have it. */
    String name() {
        return module.name();
    }

    /**
     * Whether a destination writes every batch once: it can ({@code exactly_once} in its manifest), and its configuration does not switch that
     * off. A commit inside of a bundle then doubles nothing when the rest of the bundle fails.
     */
    boolean writesOnce() {
        return module != null && module.manifest().exactlyOnce() && !config.switchesOff("exactly_once");
    }

    SourceConnector openSource() {
        return WasmHost.shared().openSource(module, config.json(), options());
    }

    DestinationConnector openDestination() {
        return WasmHost.shared().openDestination(module, config.json(), options());
    }

    private InstanceOptions options() {
        return InstanceOptions.of(runId).withGrants(grants).withLimits(limits);
    }

    void populateDisplayData(DisplayData.Builder builder) {
        if (module != null) {
            builder.add(DisplayData.item("connector", module.name()).withLabel("Connector"))
                    .add(DisplayData.item("connectorVersion", module.manifest().version())
                            .withLabel("Connector Version"))
                    .add(DisplayData.item("connectorSha256", module.sha256()).withLabel("Connector SHA-256"));
        }
        builder.addIfNotNull(DisplayData.item("runId", runId).withLabel("Run ID"))
                .add(DisplayData.item("maxBatchBytes", limits.maxBatchBytes()).withLabel("Maximum Batch Bytes"))
                .add(DisplayData.item("memoryBytes", limits.memoryBytes()).withLabel("Maximum Connector Memory Bytes"));
    }

    private static String word(Role role) {
        return role.name().toLowerCase(Locale.ROOT);
    }
}
