// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.SyncMode;
import java.util.Set;
import java.util.stream.Collectors;

/** What can be said of a stream before its source is asked. */
final class StreamRules {
    private StreamRules() {}

    /** @throws IllegalArgumentException when the connector does not know the stream's mode, or the stream is not what its mode needs */
    static void require(ConnectorSpec spec, StreamSpec stream) {
        Set<SyncMode> known = spec.module().manifest().syncModes();
        if (!known.contains(stream.syncMode())) {
            throw new IllegalArgumentException("Stream " + stream.name() + " asks for sync mode "
                    + stream.syncMode().jsonName() + ", and connector " + spec.name() + " knows "
                    + known.stream().map(SyncMode::jsonName).sorted().collect(Collectors.joining(", ")) + ".");
        }
        if (stream.syncMode() == SyncMode.INCREMENTAL && stream.cursorField() == null) {
            throw new IllegalArgumentException("Stream " + stream.name()
                    + " asks for sync mode incremental and has no cursor field: name the column whose value grows with every row that is"
                    + " new or changed, with withCursor(\"updated_at\", \"id\").");
        }
        if (stream.syncMode() == SyncMode.INCREMENTAL && stream.maxRecords() != null) {
            throw new IllegalArgumentException("Stream " + stream.name()
                    + " asks for sync mode incremental and for a part of its records: the next run would go on behind records that this"
                    + " one leaves out. Leave withMaxRecords away.");
        }
        if (stream.syncMode() == SyncMode.FULL_REFRESH) {
            refuseUnlessNull(stream, "cursor field", stream.cursorField());
            refuseUnlessNull(stream, "tie breaker field", stream.tieBreakerField());
            refuseUnlessNull(stream, "position", stream.position());
        }
    }

    /** A reader of the pipeline would take such a stream for an incremental one. */
    private static void refuseUnlessNull(StreamSpec stream, String what, String value) {
        if (value != null) {
            throw new IllegalArgumentException("Stream " + stream.name() + " has a " + what
                    + ", and sync mode full_refresh, which reads all rows, has no use for it: leave it away, or read the stream with"
                    + " withSyncMode(SyncMode.INCREMENTAL).");
        }
    }
}
