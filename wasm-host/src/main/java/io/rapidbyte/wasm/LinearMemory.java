// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.dylibso.chicory.runtime.ConstantEvaluators;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Memory;
import com.dylibso.chicory.runtime.WasmRuntimeException;
import com.dylibso.chicory.wasm.ChicoryException;
import com.dylibso.chicory.wasm.UninstantiableException;
import com.dylibso.chicory.wasm.types.ActiveDataSegment;
import com.dylibso.chicory.wasm.types.DataSegment;
import com.dylibso.chicory.wasm.types.MemoryLimits;
import com.dylibso.chicory.wasm.types.PassiveDataSegment;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A guest's memory in one array, for one thread at a time.
 *
 * <p>The engine's own memory is a table of pages: every access looks up its page, and no range longer than a page can be moved in one
 * piece. One array is half as much code for every load and store, which the JVM's compilers take their time from, and sockets read from and
 * write into it without a copy in between.
 *
 * <p>The array grows by a quarter at a time, so that a guest that grows page by page does not have all of it copied for each page. What lies
 * beyond the guest's size in it is out of the guest's reach, as every access is checked against the size.
 */
final class LinearMemory implements Memory {
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int GROWTH_DIVISOR = 4;

    private final MemoryLimits limits;
    private byte[] bytes;
    /** Bytes that the guest has; the array may be longer. */
    private int size;

    private DataSegment[] segments;

    /** A memory of the initial size, zeroed. */
    LinearMemory(MemoryLimits limits) {
        this.limits = limits;
        this.size = Math.multiplyExact(limits.initialPages(), PAGE_SIZE);
        this.bytes = new byte[size];
    }

    private int at(int address, int length) {
        // Addresses of 2 GiB and more are negative here, and out of every memory's bounds.
        if (address < 0 || address > size - length) {
            throw outOfBounds(address, length);
        }
        return address;
    }

    private WasmRuntimeException outOfBounds(int address, int length) {
        return new WasmRuntimeException(outOfBoundsMessage(address, length));
    }

    private String outOfBoundsMessage(int address, int length) {
        return "out of bounds memory access: " + Integer.toUnsignedString(length) + " bytes at "
                + Integer.toUnsignedString(address) + " in a memory of " + size + " bytes";
    }

    private void requireRange(int address, int length) {
        if ((address | length) < 0 || address > size - length) {
            throw outOfBounds(address, length);
        }
    }

    /** Reads what has come, at most so many bytes, to an address; -1 at the end of the stream. */
    int readFrom(InputStream in, int address, int length) throws IOException {
        requireRange(address, length);
        return in.read(bytes, address, length);
    }

    /** Writes a range out. */
    void writeTo(OutputStream out, int address, int length) throws IOException {
        requireRange(address, length);
        out.write(bytes, address, length);
    }

    @Override
    public int pages() {
        return size / PAGE_SIZE;
    }

    @Override
    public int grow(int morePages) {
        int before = pages();
        if (morePages < 0 || morePages > maximumPages() - before) {
            return -1;
        }
        int wanted = (before + morePages) * PAGE_SIZE;
        if (wanted > bytes.length) {
            long roomy = Math.max(wanted, bytes.length + (long) bytes.length / GROWTH_DIVISOR);
            bytes = Arrays.copyOf(bytes, (int) Math.min(roomy, (long) maximumPages() * PAGE_SIZE));
        }
        size = wanted;
        return before;
    }

    @Override
    public int initialPages() {
        return limits.initialPages();
    }

    @Override
    public int maximumPages() {
        return Math.min(limits.maximumPages(), RUNTIME_MAX_PAGES);
    }

    @Override
    public boolean shared() {
        return false;
    }

    @Override
    @SuppressWarnings("removal")
    public Object lock(int address) {
        return this;
    }

    @Override
    @SuppressWarnings("removal")
    public int waitOn(int address, int expected, long timeout) {
        throw notShared();
    }

    @Override
    @SuppressWarnings("removal")
    public int waitOn(int address, long expected, long timeout) {
        throw notShared();
    }

    @Override
    @SuppressWarnings("removal")
    public int notify(int address, int most) {
        return 0;
    }

    private static ChicoryException notShared() {
        return new ChicoryException("a wait on a memory that is not shared between threads");
    }

    @Override
    public void initialize(Instance instance, DataSegment[] dataSegments) {
        initialize(instance, dataSegments, 0);
    }

    @Override
    public void initialize(Instance instance, DataSegment[] dataSegments, int memoryIndex) {
        segments = dataSegments;
        if (dataSegments == null) {
            return;
        }
        for (DataSegment segment : dataSegments) {
            // Passive ones wait for the instruction that copies them.
            if (segment instanceof ActiveDataSegment active && active.index() == memoryIndex) {
                int address = (int) ConstantEvaluators.computeConstantValue(instance, active.offsetInstructions())[0];
                byte[] data = active.data();
                if (address < 0 || address > size - data.length) {
                    throw new UninstantiableException(outOfBoundsMessage(address, data.length));
                }
                System.arraycopy(data, 0, bytes, address, data.length);
            }
        }
    }

    @Override
    public void initPassiveSegment(int segment, int address, int offset, int length) {
        write(address, segments[segment].data(), offset, length);
    }

    @Override
    public void drop(int segment) {
        segments[segment] = PassiveDataSegment.EMPTY;
    }

    @Override
    public void write(int address, byte[] data, int offset, int length) {
        requireRange(address, length);
        if ((offset | length) < 0 || offset > data.length - length) {
            throw new WasmRuntimeException("out of bounds memory access: " + Integer.toUnsignedString(length)
                    + " bytes at " + Integer.toUnsignedString(offset) + " of a segment of " + data.length + " bytes");
        }
        System.arraycopy(data, offset, bytes, address, length);
    }

    @Override
    public byte[] readBytes(int address, int length) {
        requireRange(address, length);
        return Arrays.copyOfRange(bytes, address, address + length);
    }

    @Override
    public void copy(int to, int from, int length) {
        requireRange(from, length);
        requireRange(to, length);
        System.arraycopy(bytes, from, bytes, to, length);
    }

    @Override
    public void fill(byte value, int from, int to) {
        requireRange(from, to - from);
        Arrays.fill(bytes, from, to, value);
    }

    @Override
    public void zero() {
        fill((byte) 0, 0, size);
    }

    @Override
    public byte read(int address) {
        return bytes[at(address, Byte.BYTES)];
    }

    @Override
    public void writeByte(int address, byte value) {
        bytes[at(address, Byte.BYTES)] = value;
    }

    @Override
    public short readShort(int address) {
        return (short) SHORT.get(bytes, at(address, Short.BYTES));
    }

    @Override
    public long readU16(int address) {
        return Short.toUnsignedLong(readShort(address));
    }

    @Override
    public void writeShort(int address, short value) {
        SHORT.set(bytes, at(address, Short.BYTES), value);
    }

    @Override
    public int readInt(int address) {
        return (int) INT.get(bytes, at(address, Integer.BYTES));
    }

    @Override
    public void writeI32(int address, int value) {
        INT.set(bytes, at(address, Integer.BYTES), value);
    }

    @Override
    public long readLong(int address) {
        return (long) LONG.get(bytes, at(address, Long.BYTES));
    }

    @Override
    public void writeLong(int address, long value) {
        LONG.set(bytes, at(address, Long.BYTES), value);
    }

    @Override
    public float readFloat(int address) {
        return Float.intBitsToFloat(readInt(address));
    }

    @Override
    public long readF32(int address) {
        return readInt(address);
    }

    @Override
    public void writeF32(int address, float value) {
        writeI32(address, Float.floatToRawIntBits(value));
    }

    @Override
    public double readDouble(int address) {
        return Double.longBitsToDouble(readLong(address));
    }

    @Override
    public long readF64(int address) {
        return readLong(address);
    }

    @Override
    public void writeF64(int address, double value) {
        writeLong(address, Double.doubleToRawLongBits(value));
    }
}
