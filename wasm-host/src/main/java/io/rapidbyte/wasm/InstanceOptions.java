// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.util.Objects;

/**
 * Everything an instance needs beside its module and configuration.
 *
 * @param runId the same in every instance of one run, different between runs
 * @param grants what the pipeline grants
 * @param limits the pipeline's limits; the smaller of these and the manifest's hold
 * @param log where the guest's lines go; null for {@link GuestLog#slf4j}
 * @param settings null for the settings of the host that opens the instance
 */
public record InstanceOptions(String runId, Grants grants, Limits limits, GuestLog log, HostSettings settings) {

    /** Checks that run, grants and limits are there. */
    public InstanceOptions {
        Objects.requireNonNull(runId, "runId");
        Objects.requireNonNull(grants, "grants");
        Objects.requireNonNull(limits, "limits");
    }

    /** All that the manifest asks for, default limits, slf4j, the host's settings. */
    public static InstanceOptions of(String runId) {
        return new InstanceOptions(runId, Grants.manifestOnly(), Limits.defaults(), null, null);
    }

    /** The same options with other grants. */
    public InstanceOptions withGrants(Grants newGrants) {
        return new InstanceOptions(runId, newGrants, limits, log, settings);
    }

    /** The same options with other limits. */
    public InstanceOptions withLimits(Limits newLimits) {
        return new InstanceOptions(runId, grants, newLimits, log, settings);
    }

    /** The same options with another log; null for slf4j. */
    public InstanceOptions withLog(GuestLog newLog) {
        return new InstanceOptions(runId, grants, limits, newLog, settings);
    }

    /** The same options with other settings; null for the host's. */
    public InstanceOptions withSettings(HostSettings newSettings) {
        return new InstanceOptions(runId, grants, limits, log, newSettings);
    }
}
