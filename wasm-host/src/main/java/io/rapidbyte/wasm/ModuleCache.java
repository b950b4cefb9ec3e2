// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/** The loaded modules of a process. Two threads that ask for one module at once load it once; the least used ones go first. */
final class ModuleCache {
    private static final int MAX_MODULES = 32;

    /** A module and how it runs. */
    record Key(String sha256, Engine engine) {}

    /**
     * A module from the cache.
     *
     * @param loadedNow whether this very request loaded it
     */
    record Result(LoadedModule module, boolean loadedNow) {}

    private final Map<Key, CompletableFuture<LoadedModule>> modules = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, CompletableFuture<LoadedModule>> eldest) {
            return size() > MAX_MODULES;
        }
    };

    Result get(Key key, Supplier<LoadedModule> loader) {
        CompletableFuture<LoadedModule> future;
        boolean mine = false;
        synchronized (modules) {
            future = modules.get(key);
            if (future == null) {
                future = new CompletableFuture<>();
                modules.put(key, future);
                mine = true;
            }
        }
        if (mine) {
            load(key, loader, future);
        }
        try {
            return new Result(future.join(), mine);
        } catch (CompletionException e) {
            if (e.getCause() instanceof ConnectorException failure) {
                throw failure;
            }
            throw e;
        }
    }

    private void load(Key key, Supplier<LoadedModule> loader, CompletableFuture<LoadedModule> future) {
        try {
            future.complete(loader.get());
        } catch (RuntimeException | Error e) {
            synchronized (modules) {
                modules.remove(key);
            }
            future.completeExceptionally(e);
        }
    }
}
