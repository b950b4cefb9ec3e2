// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** How guest code runs. */
public enum Engine {
    /** Compiled to JVM bytecode, ahead of time for bundled connectors, otherwise when the module is loaded. */
    COMPILED,
    /** Interpreted: about a hundred times slower, for finding defects in the compiler. Using it logs a warning. */
    INTERPRETED
}
