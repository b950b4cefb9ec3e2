// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.util.Optional;

/** Compiles and caches modules and opens instances. Thread-safe; a process needs one. */
public final class WasmHost {

    private static final class Shared {
        static final WasmHost INSTANCE = new WasmHost(HostSettings.fromSystem());
    }

    private final HostSettings settings;

    /** A host with its own in-memory cache. */
    public WasmHost(HostSettings settings) {
        this.settings = settings;
    }

    /** The process-wide host with {@link HostSettings#fromSystem()}. */
    public static WasmHost shared() {
        return Shared.INSTANCE;
    }

    /** The settings of this host. */
    public HostSettings settings() {
        return settings;
    }

    /**
     * Makes an instance of a source and opens it.
     *
     * @param configJson the connector's configuration, a JSON object
     */
    public SourceConnector openSource(ConnectorModule module, String configJson, InstanceOptions options) {
        throw new UnsupportedOperationException("openSource");
    }

    /**
     * Makes an instance of a destination and opens it.
     *
     * @param configJson the connector's configuration, a JSON object
     */
    public DestinationConnector openDestination(ConnectorModule module, String configJson, InstanceOptions options) {
        throw new UnsupportedOperationException("openDestination");
    }

    /** How long the latest load of a module took; empty when this host has not loaded it. */
    public Optional<LoadTimings> lastLoad(ConnectorModule module) {
        throw new UnsupportedOperationException("lastLoad");
    }
}
