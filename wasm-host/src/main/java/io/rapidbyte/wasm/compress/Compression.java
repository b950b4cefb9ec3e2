// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.compress;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;

/**
 * How a block of bytes is compressed. All constants are stateless and safe for use by several threads.
 *
 * <p>The numbers returned by {@link #id()} are part of stored formats and never change their meaning.
 */
public enum Compression {
    /** The bytes as they are. */
    NONE(0) {
        @Override
        public int maxCompressedLength(int length) {
            return length;
        }

        @Override
        public int compress(byte[] source, int offset, int length, byte[] target, int targetOffset) {
            System.arraycopy(source, offset, target, targetOffset, length);
            return length;
        }

        @Override
        public byte[] decompress(byte[] source, int offset, int length, int size) throws IOException {
            requireSize(length, size);
            return Arrays.copyOfRange(source, offset, offset + length);
        }
    },

    /** The LZ4 block format (without a frame: the sizes travel beside it). */
    LZ4(1) {
        @Override
        public int maxCompressedLength(int length) {
            return Lz4.COMPRESSOR.maxCompressedLength(length);
        }

        @Override
        public int compress(byte[] source, int offset, int length, byte[] target, int targetOffset) {
            return Lz4.COMPRESSOR.compress(source, offset, length, target, targetOffset, target.length - targetOffset);
        }

        @Override
        public byte[] decompress(byte[] source, int offset, int length, int size) throws IOException {
            // The format cannot pack more than 255 bytes into one: a larger announcement is a lie, found before it
            // costs memory.
            if (size > 255L * length) {
                throw implausible(length, size);
            }
            byte[] target = new byte[size];
            try {
                requireSize(Lz4.DECOMPRESSOR.decompress(source, offset, length, target, 0, size), size);
            } catch (LZ4Exception e) {
                throw corrupt(e);
            }
            return target;
        }
    },

    /** One Zstandard frame, written at level 1: the fastest level, and already half the size on typical tables. */
    ZSTD(2) {
        @Override
        public int maxCompressedLength(int length) {
            return Math.toIntExact(Zstd.compressBound(length));
        }

        @Override
        public int compress(byte[] source, int offset, int length, byte[] target, int targetOffset) {
            return ZstdContexts.compress(source, offset, length, target, targetOffset);
        }

        @Override
        public byte[] decompress(byte[] source, int offset, int length, int size) throws IOException {
            // A block of the format holds at most 128 KiB and takes at least 4 bytes.
            if (size > 32_768L * length) {
                throw implausible(length, size);
            }
            byte[] target = new byte[size];
            try {
                requireSize(ZstdContexts.decompress(source, offset, length, target), size);
            } catch (ZstdException e) {
                throw corrupt(e);
            }
            return target;
        }
    };

    private final int id;

    Compression(int id) {
        this.id = id;
    }

    /** The number that stands for this constant in stored formats, from 0 to 127. */
    public int id() {
        return id;
    }

    /** The name users write: {@code none}, {@code lz4}, {@code zstd}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The constant with this number.
     *
     * @throws IOException when no constant has it, which means that the bytes were written by something newer or are damaged
     */
    public static Compression ofId(int id) throws IOException {
        for (Compression compression : values()) {
            if (compression.id == id) {
                return compression;
            }
        }
        throw new IOException("Compression number " + id + " is unknown; known are 0 (none), 1 (lz4) and 2 (zstd).");
    }

    /**
     * The constant that a user's word names, in any case.
     *
     * @throws IllegalArgumentException when the word names none, with a sentence that lists the known ones
     */
    public static Compression ofLabel(String label) {
        for (Compression compression : values()) {
            if (compression.label().equalsIgnoreCase(label)) {
                return compression;
            }
        }
        throw new IllegalArgumentException("Compression \"" + label + "\" is unknown; write one of "
                + Arrays.stream(values()).map(Compression::label).collect(Collectors.joining(", ")) + ".");
    }

    /** The most bytes that {@link #compress} can need for {@code length} bytes of input. */
    public abstract int maxCompressedLength(int length);

    /**
     * Compresses {@code source[offset, offset + length)} into {@code target} from {@code targetOffset} on, which must leave room
     * for {@link #maxCompressedLength} bytes.
     *
     * @return the number of bytes written
     */
    public abstract int compress(byte[] source, int offset, int length, byte[] target, int targetOffset);

    /**
     * Decompresses {@code source[offset, offset + length)} into a new array of {@code size} bytes. Safe for hostile input: nothing
     * outside the range is read, and no array is made that so short an input cannot fill.
     *
     * @throws IOException when the input is damaged or does not decompress to exactly {@code size} bytes
     */
    public abstract byte[] decompress(byte[] source, int offset, int length, int size) throws IOException;

    final void requireSize(int actual, int expected) throws IOException {
        if (actual != expected) {
            throw new IOException("A block of " + label() + " data holds " + actual + " bytes where " + expected
                    + " were announced.");
        }
    }

    final IOException implausible(int length, int size) {
        return new IOException("A block of " + label() + " data of " + length + " bytes cannot hold the " + size
                + " bytes announced.");
    }

    final IOException corrupt(RuntimeException cause) {
        return new IOException("A block of " + label() + " data is damaged: " + cause.getMessage(), cause);
    }

    /** Loaded on first use, so that a process that never sees LZ4 never unpacks its native library. */
    private static final class Lz4 {
        static final LZ4Compressor COMPRESSOR = LZ4Factory.fastestInstance().fastCompressor();
        static final LZ4SafeDecompressor DECOMPRESSOR =
                LZ4Factory.fastestInstance().safeDecompressor();
    }
}
