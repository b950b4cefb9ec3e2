// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** Turns a module into something that can be instantiated. The place where another engine would come in. */
interface CodeEngine {
    /**
     * Loads a module's code.
     *
     * @throws ConnectorException of category {@code config} when it is no valid module
     */
    LoadedModule load(ConnectorModule module);
}
