// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.dylibso.chicory.runtime.ByteArrayMemory;
import com.dylibso.chicory.runtime.Memory;
import com.dylibso.chicory.runtime.WasmRuntimeException;
import com.dylibso.chicory.wasm.types.MemoryLimits;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The engine's own memory is what ours is compared with: both have to do the same, whatever a guest does. */
class LinearMemoryTest {
    private static final MemoryLimits LIMITS = new MemoryLimits(1, 6);

    /** Addresses where something may go wrong: around the ends of pages and memories, and anywhere. */
    private static int address(Random random, Memory memory) {
        int size = memory.pages() * Memory.PAGE_SIZE;
        return switch (random.nextInt(5)) {
            case 0 -> size - random.nextInt(20);
            case 1 -> size + random.nextInt(200_000);
            case 2 -> Memory.PAGE_SIZE * random.nextInt(7) - random.nextInt(12);
            case 3 -> random.nextInt();
            default -> random.nextInt(size);
        };
    }

    private static Function<Memory, Object> operation(Random random, Memory now) {
        int address = address(random, now);
        int other = address(random, now);
        long value = random.nextLong();
        int length = random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(100_000);
        return switch (random.nextInt(18)) {
            case 0 -> memory -> memory.read(address);
            case 1 -> memory -> memory.readShort(address);
            case 2 -> memory -> memory.readU16(address);
            case 3 -> memory -> memory.readInt(address);
            case 4 -> memory -> memory.readLong(address);
            case 5 -> memory -> Float.floatToRawIntBits(memory.readFloat(address));
            case 6 -> memory -> Double.doubleToRawLongBits(memory.readDouble(address));
            case 7 -> memory -> done(() -> memory.writeByte(address, (byte) value));
            case 8 -> memory -> done(() -> memory.writeShort(address, (short) value));
            case 9 -> memory -> done(() -> memory.writeI32(address, (int) value));
            case 10 -> memory -> done(() -> memory.writeLong(address, value));
            case 11 -> memory -> done(() -> memory.writeF32(address, Float.intBitsToFloat((int) value & 0x7F7F_FFFF)));
            case 12 -> memory -> done(() -> memory.writeF64(address, value / 3.0));
            case 13 -> memory -> done(() -> memory.fill((byte) value, address, address + length));
            case 14 -> memory -> done(() -> memory.copy(address, other, length));
            case 15 -> memory -> List.of(bytes(memory.readBytes(address, length)));
            case 16 -> memory -> done(() -> memory.write(address, new byte[] {1, 2, 3, (byte) value}, 1, 3));
            default -> memory -> memory.grow(random(value));
        };
    }

    private static int random(long value) {
        return value % 50 == 0 ? (int) (value % 9) : 0;
    }

    private static Object done(Runnable write) {
        write.run();
        return "done";
    }

    private static String bytes(byte[] bytes) {
        return java.util.Arrays.hashCode(bytes) + " of " + bytes.length;
    }

    /** What an operation gives, or that it is refused. */
    private static Object outcome(Memory memory, Function<Memory, Object> operation) {
        try {
            return operation.apply(memory);
        } catch (WasmRuntimeException e) {
            return "trap";
        }
    }

    @Test
    void doesWhatTheEnginesOwnMemoryDoes() {
        for (int seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            Memory expected = new ByteArrayMemory(LIMITS);
            Memory actual = new LinearMemory(LIMITS);
            List<String> history = new ArrayList<>();
            for (int step = 0; step < 2_000; step++) {
                Function<Memory, Object> operation = operation(random, expected);
                Object wanted = outcome(expected, operation);
                history.add(String.valueOf(wanted));
                assertThat("seed " + seed + ", step " + step, outcome(actual, operation), is(wanted));
                assertThat(actual.pages(), is(expected.pages()));
            }
            int size = expected.pages() * Memory.PAGE_SIZE;
            assertThat("all of it, seed " + seed, actual.readBytes(0, size), is(expected.readBytes(0, size)));
            assertThat(
                    "both traps and values occurred", history.contains("trap") && history.contains("done"), is(true));
        }
    }

    @Test
    void whatLiesBeyondTheSizeIsOutOfReachThoughTheArrayIsLonger() {
        LinearMemory memory = new LinearMemory(new MemoryLimits(8, 100));
        assertThat(memory.grow(1), is(8));
        int size = 9 * Memory.PAGE_SIZE;
        memory.writeByte(size - 1, (byte) 1);
        WasmRuntimeException trap = assertThrows(WasmRuntimeException.class, () -> memory.writeByte(size, (byte) 1));
        assertThat(trap.getMessage(), containsString("out of bounds memory access: 1 bytes at 589824"));
        assertThrows(WasmRuntimeException.class, () -> memory.readLong(size - 7));
        assertThrows(
                WasmRuntimeException.class, () -> memory.readFrom(new ByteArrayInputStream(new byte[9]), size - 8, 9));
        assertThat("what is grown into is zero", memory.grow(1), is(9));
        assertThat(memory.read(size), is((byte) 0));
    }

    /** Apart from the comparison: what the engine's own memory makes of these depends on the version of Java. */
    @Test
    void whatIsAtomicReadsAndWritesInPlace() {
        LinearMemory memory = new LinearMemory(LIMITS);
        memory.writeI32(64, 40);
        assertThat(memory.atomicAddInt(64, 2), is(40));
        assertThat(memory.readInt(64), is(42));
        assertThat(memory.atomicCmpxchgLong(64, 42, -1), is(42L));
        assertThat(memory.readLong(64), is(-1L));
        assertThrows(WasmRuntimeException.class, () -> memory.atomicAddInt(Memory.PAGE_SIZE, 1));
        assertThat(memory.notify(64, 1), is(0));
    }

    @Test
    void neverGrowsAboveItsLimit() {
        LinearMemory memory = new LinearMemory(LIMITS);
        assertThat(memory.grow(6), is(-1));
        assertThat(memory.grow(-1), is(-1));
        assertThat(memory.grow(Integer.MAX_VALUE), is(-1));
        assertThat(memory.grow(5), is(1));
        assertThat(memory.grow(1), is(-1));
        assertThat(memory.pages(), is(6));
    }

    @Test
    void streamsReadAndWriteItDirectly() throws IOException {
        LinearMemory memory = new LinearMemory(LIMITS);
        byte[] content = "from a socket".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        assertThat(memory.readFrom(new ByteArrayInputStream(content), 65_000, 100), is(content.length));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        memory.writeTo(out, 65_000, content.length);
        assertThat(out.toByteArray(), is(content));
    }
}
