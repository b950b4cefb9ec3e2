// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.Grants;
import io.rapidbyte.wasm.Limits;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WasmHost;
import java.util.Objects;

/**
 * What is to be tried, and with what.
 *
 * @param module the connector
 * @param config its configuration, a JSON object with which it works
 * @param stream of a source, the stream to read: one that does not change meanwhile, small enough to be read some twenty times; null for the
 *     first that it discovers. Of a destination, what its target's names begin with; null for {@value #TARGET}
 * @param targetRows looks into a destination's target; null when nobody can, and only what the destination says is compared
 * @param grants what the connector is granted
 * @param limits its limits
 * @param host what it runs in
 */
public record ConformanceSubject(
        ConnectorModule module,
        String config,
        StreamSpec stream,
        TargetRows targetRows,
        Grants grants,
        Limits limits,
        WasmHost host) {

    /** What the names of a destination's targets begin with, unless a stream says otherwise. */
    public static final String TARGET = "rapidbyte_conformance";

    /** Checks that all is there but the stream and the look into the target. */
    public ConformanceSubject {
        Objects.requireNonNull(module, "module");
        Objects.requireNonNull(config, "config");
        Objects.requireNonNull(grants, "grants");
        Objects.requireNonNull(limits, "limits");
        Objects.requireNonNull(host, "host");
    }

    /** Counts the rows of a destination's target, by whatever way leads there beside the destination. */
    @FunctionalInterface
    public interface TargetRows {
        /**
         * Returns the number of rows.
         *
         * @param target the target's name, as the destination's {@code apply} gave it
         */
        long count(String target);
    }

    /** A connector with the default limits and what its manifest asks for, in the host that the process shares. */
    public static ConformanceSubject of(ConnectorModule module, String config) {
        return new ConformanceSubject(
                module, config, null, null, Grants.manifestOnly(), Limits.defaults(), WasmHost.shared());
    }

    /** The same with a stream; null for the kit's choice. */
    public ConformanceSubject withStream(StreamSpec newStream) {
        return new ConformanceSubject(module, config, newStream, targetRows, grants, limits, host);
    }

    /** The same with a look into the target; null for none. */
    public ConformanceSubject withTargetRows(TargetRows rows) {
        return new ConformanceSubject(module, config, stream, rows, grants, limits, host);
    }

    /** The same with other limits. */
    public ConformanceSubject withLimits(Limits newLimits) {
        return new ConformanceSubject(module, config, stream, targetRows, grants, newLimits, host);
    }

    /** The same in another host. */
    public ConformanceSubject withHost(WasmHost newHost) {
        return new ConformanceSubject(module, config, stream, targetRows, grants, limits, newHost);
    }
}
