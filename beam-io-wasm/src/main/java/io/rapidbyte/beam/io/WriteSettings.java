// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.RecordPolicy;
import io.rapidbyte.wasm.SchemaEvolution;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WriteMode;
import io.rapidbyte.wasm.WriteRequest;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/** How streams are written: the part of a write that both of its steps must agree on. */
record WriteSettings(
        WriteMode mode,
        List<String> primaryKey,
        RecordPolicy dataErrors,
        SchemaEvolution evolution,
        Map<String, String> options)
        implements Serializable {
    WriteRequest request(String runId, StreamSpec stream, byte[] schema) {
        return new WriteRequest(runId, stream, schema, mode, primaryKey, dataErrors, evolution, options);
    }
}
