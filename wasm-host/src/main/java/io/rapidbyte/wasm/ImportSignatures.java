// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.dylibso.chicory.wasm.types.FunctionType;
import java.util.Map;

/** The signatures of the host functions ({@code docs/abi.md}, section 6), for modules that are checked before they run. */
final class ImportSignatures {
    private static final Map<String, FunctionType> SIGNATURES = Map.ofEntries(
            entry("emit_batch", "ii", "i"),
            entry("next_batch", "ii", "l"),
            entry("claim", "l", "i"),
            entry("checkpoint", "ii", "i"),
            entry("emit_dlq", "ii", "i"),
            entry("log", "iii", ""),
            entry("metric", "iiil", "i"),
            entry("clock", "i", "l"),
            entry("random", "ii", "i"),
            entry("is_cancelled", "", "i"),
            entry("tcp_connect", "iiii", "i"),
            entry("tcp_start_tls", "iii", "i"),
            entry("tcp_channel_binding", "iii", "i"),
            entry("tcp_on_cancel", "iii", "i"),
            entry("tcp_read", "iii", "i"),
            entry("tcp_write", "iii", "i"),
            entry("tcp_set_timeout", "ii", "i"),
            entry("tcp_close", "i", "i"),
            entry("last_error", "ii", "i"));

    private ImportSignatures() {}

    /** Null for a function that the host does not have. */
    static FunctionType of(String name) {
        return SIGNATURES.get(name);
    }

    private static Map.Entry<String, FunctionType> entry(String name, String parameters, String results) {
        return Map.entry(name, HostFunctions.type(parameters, results));
    }
}
