// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** What the call in progress reads or writes; both are null in calls that do neither. */
final class CallContext {
    private ReadState read;
    private WriteState write;

    void begin(ReadState newRead, WriteState newWrite) {
        read = newRead;
        write = newWrite;
    }

    void end() {
        read = null;
        write = null;
    }

    ReadState read() {
        return read;
    }

    WriteState write() {
        return write;
    }
}
