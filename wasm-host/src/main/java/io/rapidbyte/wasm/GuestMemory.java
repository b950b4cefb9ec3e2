// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.dylibso.chicory.runtime.Memory;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** The guest's memory with its ranges checked: addresses and lengths are unsigned 32-bit values that a guest may choose freely. */
final class GuestMemory {
    /** Set once the instance exists, which is after the functions that use the memory were made. */
    private LinearMemory memory;

    void attach(LinearMemory instanceMemory) {
        memory = instanceMemory;
    }

    /** The size of the memory in bytes. */
    long size() {
        return (long) memory.pages() * Memory.PAGE_SIZE;
    }

    /** Whether {@code [pointer, pointer + length)} lies inside; both are taken as unsigned. */
    boolean contains(long pointer, long length) {
        return (pointer & 0xFFFF_FFFFL) + (length & 0xFFFF_FFFFL) <= size();
    }

    void requireRange(long pointer, long length) throws ImportFailure {
        if (!contains(pointer, length)) {
            throw ImportFailure.badArgument("The range of " + (length & 0xFFFF_FFFFL) + " bytes at "
                    + (pointer & 0xFFFF_FFFFL) + " does not lie inside of the memory of " + size() + " bytes");
        }
    }

    /** A copy of a range. */
    byte[] read(long pointer, long length) throws ImportFailure {
        requireRange(pointer, length);
        return memory.readBytes((int) pointer, (int) length);
    }

    /** Reads what has come, at most so many bytes, to a range; -1 at the end of the stream. */
    int readFrom(InputStream in, long pointer, int length) throws ImportFailure, IOException {
        requireRange(pointer, length);
        return memory.readFrom(in, (int) pointer, length);
    }

    /** Writes a range out. */
    void writeTo(OutputStream out, long pointer, int length) throws ImportFailure, IOException {
        requireRange(pointer, length);
        memory.writeTo(out, (int) pointer, length);
    }

    /** A copy of a range as text; what is no UTF-8 is replaced. */
    String readText(long pointer, long length) throws ImportFailure {
        return new String(read(pointer, length), StandardCharsets.UTF_8);
    }

    void write(long pointer, byte[] bytes, int offset, int length) throws ImportFailure {
        requireRange(pointer, length);
        memory.write((int) pointer, bytes, offset, length);
    }
}
