// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Compiles and caches modules and opens instances. Thread-safe; a process needs one. */
public final class WasmHost {
    private static final Logger LOG = LoggerFactory.getLogger(WasmHost.class);
    private static final int MAX_REMEMBERED = 64;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private static WasmHost shared;

    private final HostSettings settings;
    private final ModuleCache modules = new ModuleCache();
    private final CodeEngine compiling;
    private final CodeEngine interpreting = new InterpretingEngine();

    private final Map<ModuleCache.Key, LoadTimings> loads = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<ModuleCache.Key, LoadTimings> eldest) {
            return size() > MAX_REMEMBERED;
        }
    };

    /** A host with its own in-memory cache. */
    public WasmHost(HostSettings settings) {
        this.settings = settings;
        this.compiling = new CompilingEngine(
                settings.cacheDirectory() == null ? null : new CodeCache(settings.cacheDirectory()));
    }

    /**
     * The process-wide host with {@link HostSettings#fromSystem()}.
     *
     * @throws ConnectorException when an environment variable has a value that it cannot have
     */
    public static synchronized WasmHost shared() {
        if (shared == null) {
            try {
                shared = new WasmHost(HostSettings.fromSystem());
            } catch (IllegalArgumentException e) {
                throw new ConnectorException(
                        "wasm-host", ConnectorError.of(Category.CONFIG, "bad_environment", e.getMessage()), e);
            }
        }
        return shared;
    }

    /** The settings of this host. */
    public HostSettings settings() {
        return settings;
    }

    /**
     * Makes an instance of a source and opens it.
     *
     * @param configJson the connector's configuration, a JSON object
     * @throws ConnectorException when the module is no source, cannot be used, or refuses the configuration
     */
    public SourceConnector openSource(ConnectorModule module, String configJson, InstanceOptions options) {
        return new SourceConnector(open(Role.SOURCE, module, configJson, options));
    }

    /**
     * Makes an instance of a destination and opens it.
     *
     * @param configJson the connector's configuration, a JSON object
     * @throws ConnectorException when the module is no destination, cannot be used, or refuses the configuration
     */
    public DestinationConnector openDestination(ConnectorModule module, String configJson, InstanceOptions options) {
        return new DestinationConnector(open(Role.DESTINATION, module, configJson, options));
    }

    /**
     * Loads a module's code ahead of its first instance, so that the instances of several threads need not wait for it.
     *
     * @throws ConnectorException when the module cannot be used
     */
    public LoadTimings load(ConnectorModule module) {
        LoadedModule loaded = loaded(module, settings.engine()).module();
        return new LoadTimings(loaded.origin(), loaded.parseNanos(), loaded.compileNanos(), 0);
    }

    /** How long loading a module took, and making its latest instance; empty when this host has made none. */
    public Optional<LoadTimings> lastLoad(ConnectorModule module) {
        synchronized (loads) {
            LoadTimings compiled = loads.get(new ModuleCache.Key(module.sha256(), Engine.COMPILED));
            return Optional.ofNullable(
                    compiled != null ? compiled : loads.get(new ModuleCache.Key(module.sha256(), Engine.INTERPRETED)));
        }
    }

    private GuestInstance open(Role role, ConnectorModule module, String configJson, InstanceOptions options) {
        if (module.manifest().role() != role) {
            throw new ConnectorException(
                    module.name(),
                    ConnectorError.of(
                                    Category.CONFIG,
                                    "wrong_role",
                                    "The connector " + module.name() + " is a "
                                            + module.manifest().role().jsonName() + " and cannot be used as a "
                                            + role.jsonName())
                            .withHint("Name a connector of the other kind."));
        }
        JsonNode config = config(module, configJson);
        HostSettings effective = options.settings() == null ? settings : options.settings();
        ModuleCache.Result loaded = loaded(module, effective.engine());
        GuestInstance guest =
                GuestInstance.open(module, loaded.module(), loaded.loadedNow(), config, options, effective);
        remember(module, effective.engine(), loaded.module(), guest);
        return guest;
    }

    private ModuleCache.Result loaded(ConnectorModule module, Engine engine) {
        CodeEngine chosen = engine == Engine.COMPILED ? compiling : interpreting;
        ModuleCache.Result result =
                modules.get(new ModuleCache.Key(module.sha256(), engine), () -> chosen.load(module));
        if (result.loadedNow()) {
            LoadedModule loaded = result.module();
            LOG.debug(
                    "Loaded {} ({}): parse {} ms, compile {} ms.",
                    module,
                    JsonNames.of(loaded.origin()),
                    loaded.parseNanos() / NANOS_PER_MILLI,
                    loaded.compileNanos() / NANOS_PER_MILLI);
        }
        return result;
    }

    private void remember(ConnectorModule module, Engine engine, LoadedModule loaded, GuestInstance guest) {
        long instantiate = guest.timings().get("module_instantiate").nanos();
        synchronized (loads) {
            loads.put(
                    new ModuleCache.Key(module.sha256(), engine),
                    new LoadTimings(loaded.origin(), loaded.parseNanos(), loaded.compileNanos(), instantiate));
        }
    }

    private static JsonNode config(ConnectorModule module, String configJson) {
        try {
            JsonNode config = Json.MAPPER.readTree(configJson);
            if (config != null && config.isObject()) {
                return config;
            }
        } catch (JsonProcessingException e) {
            // The parser's message quotes the text, which may hold a secret.
            throw badConfig(module);
        }
        throw badConfig(module);
    }

    private static ConnectorException badConfig(ConnectorModule module) {
        return new ConnectorException(
                module.name(),
                ConnectorError.of(
                        Category.CONFIG,
                        "bad_config",
                        "The configuration of the connector " + module.name() + " is not a JSON object"));
    }
}
