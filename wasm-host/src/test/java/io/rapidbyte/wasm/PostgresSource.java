// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.Map;

/** Instances of the bundled source. */
final class PostgresSource {
    static final ConnectorModule MODULE = ConnectorModule.bundled("source-postgres");

    private PostgresSource() {}

    /** The caller closes it. */
    static SourceConnector open(Map<String, Object> config) {
        return WasmHost.shared().openSource(MODULE, json(config), InstanceOptions.of("run-1"));
    }

    static String json(Map<String, Object> config) {
        try {
            return Json.MAPPER.writeValueAsString(config);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }
}
