// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** The record of the host function that failed last. */
final class LastError {
    private byte[] record = new byte[0];

    void set(ConnectorError error) {
        record = Payloads.errorRecord(error);
    }

    /** As JSON; empty when there was none. */
    byte[] record() {
        return record;
    }
}
