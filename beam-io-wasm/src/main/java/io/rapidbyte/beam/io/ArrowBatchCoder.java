// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static java.util.Objects.requireNonNull;

import io.rapidbyte.wasm.compress.Compression;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.apache.beam.sdk.coders.CoderException;
import org.apache.beam.sdk.coders.CoderProvider;
import org.apache.beam.sdk.coders.CoderProviders;
import org.apache.beam.sdk.coders.CustomCoder;
import org.apache.beam.sdk.util.common.ElementByteSizeObserver;
import org.apache.beam.sdk.values.TypeDescriptor;

/**
 * Encodes batches, compressed on request. Runners encode where a batch leaves a process or a fused stage, so a fused read and
 * write never pays for it.
 *
 * <p>Version 1 of the format, all numbers big-endian:
 *
 * <pre>
 * offset  type   meaning
 *      0  u8     version of the format: 1
 *      1  u8     compression of the stored bytes: the number of a {@link Compression}
 *      2  u16    size of the run id in bytes
 *      4  u16    size of the stream name in bytes
 *      6  i64    unit
 *     14  i32    sequence
 *     18  i32    rows
 *     22  i32    size of the frame in bytes
 *     26  i32    size of the stored bytes
 *     30         run id (UTF-8), stream name (UTF-8), stored bytes
 * </pre>
 *
 * <p>Version 2 is what a batch is written in that carries a position ({@link FinalizedStream#position()}):
 *
 * <pre>
 *      0  u8     version of the format: 2
 *      1         as in version 1
 *     30  i32    size of the position in bytes
 *     34         run id (UTF-8), stream name (UTF-8), position (UTF-8), stored bytes
 * </pre>
 *
 * <p>A batch that compression would not shrink is stored as it is. Every version that was ever written can be decoded, whatever
 * compression the decoding coder is set to. Input is not trusted: sizes are checked before room is made for them.
 */
public final class ArrowBatchCoder extends CustomCoder<ArrowBatch> {
    private static final int VERSION = 1;
    private static final int VERSION_WITH_POSITION = 2;
    private static final int HEADER_BYTES = 30;

    /** More than the host takes from a source. */
    private static final int MAX_POSITION_BYTES = 4 << 20;

    /** Section 7.1 of the connector ABI: no frame is larger. */
    private static final int MAX_FRAME_BYTES = 1 << 30;

    /** Bytes that are announced but not known to be there are read in steps that start at this size. */
    private static final int FIRST_STEP_BYTES = 1 << 20;

    private final Compression compression;

    private ArrowBatchCoder(Compression compression) {
        this.compression = compression;
    }

    /** A coder that does not compress. */
    public static ArrowBatchCoder of() {
        return of(Compression.NONE);
    }

    /** A coder that writes with this compression, and reads any. */
    public static ArrowBatchCoder of(Compression compression) {
        return new ArrowBatchCoder(requireNonNull(compression, "compression"));
    }

    /** Called by Beam, by the name {@link org.apache.beam.sdk.coders.DefaultCoder} looks for. */
    public static CoderProvider getCoderProvider() {
        return CoderProviders.forCoder(TypeDescriptor.of(ArrowBatch.class), of());
    }

    /** How this coder compresses what it writes. */
    public Compression compression() {
        return compression;
    }

    @Override
    public void encode(ArrowBatch batch, OutputStream out) throws IOException {
        if (batch == null) {
            throw new CoderException("A null was to be encoded as an Arrow batch.");
        }
        byte[] runId = name(batch, "run id", batch.id().runId());
        byte[] stream = name(batch, "stream name", batch.stream());
        byte[] frame = batch.frame();
        if (frame.length > MAX_FRAME_BYTES) {
            throw new CoderException(batch + " is larger than a batch may be, which is " + MAX_FRAME_BYTES + " bytes.");
        }
        byte[] stored = frame;
        int storedBytes = frame.length;
        Compression used = Compression.NONE;
        if (compression != Compression.NONE) {
            long start = System.nanoTime();
            byte[] packed = new byte[compression.maxCompressedLength(frame.length)];
            int packedBytes = compression.compress(frame, 0, frame.length, packed, 0);
            if (packedBytes < frame.length) {
                stored = packed;
                storedBytes = packedBytes;
                used = compression;
            }
            CodecUsage.ofThisThread().addCompress(batch.stream(), System.nanoTime() - start, frame.length, storedBytes);
        }
        byte[] position = position(batch);
        ByteBuffer head = ByteBuffer.allocate(headBytes(runId, stream, position))
                .put((byte) (position == null ? VERSION : VERSION_WITH_POSITION))
                .put((byte) used.id())
                .putShort((short) runId.length)
                .putShort((short) stream.length)
                .putLong(batch.id().unit())
                .putInt(batch.id().sequence())
                .putInt(batch.rows())
                .putInt(frame.length)
                .putInt(storedBytes);
        if (position != null) {
            head.putInt(position.length);
        }
        head.put(runId).put(stream);
        if (position != null) {
            head.put(position);
        }
        out.write(head.array());
        out.write(stored, 0, storedBytes);
    }

    @Override
    public ArrowBatch decode(InputStream in) throws IOException {
        int version = in.read();
        if (version == -1) {
            throw new CoderException("An encoded Arrow batch was expected where the input ends.");
        }
        // Later versions are read by their own methods beside this one; no version is ever dropped.
        if (version != VERSION && version != VERSION_WITH_POSITION) {
            throw new CoderException("An encoded Arrow batch has format version " + version
                    + ", and this release reads versions 1 and 2: run the same release of Rapidbyte on every worker.");
        }
        return decode(in, version == VERSION_WITH_POSITION);
    }

    private static ArrowBatch decode(InputStream in, boolean withPosition) throws IOException {
        ByteBuffer head = ByteBuffer.wrap(read(in, HEADER_BYTES - 1, "header"));
        int codec = Byte.toUnsignedInt(head.get());
        int runIdBytes = Short.toUnsignedInt(head.getShort());
        int streamBytes = Short.toUnsignedInt(head.getShort());
        long unit = head.getLong();
        int sequence = head.getInt();
        int rows = head.getInt();
        int frameBytes = head.getInt();
        int storedBytes = head.getInt();
        requireRange("unit", unit, Long.MAX_VALUE);
        requireRange("sequence", sequence, Integer.MAX_VALUE);
        requireRange("row count", rows, Integer.MAX_VALUE);
        requireRange("frame size", frameBytes, MAX_FRAME_BYTES);
        // What compression does not shrink is stored as it is, so the stored bytes are never more than the frame's.
        requireRange("stored size", storedBytes, frameBytes);
        int positionBytes = 0;
        if (withPosition) {
            positionBytes = ByteBuffer.wrap(read(in, Integer.BYTES, "header")).getInt();
            requireRange("position size", positionBytes, MAX_POSITION_BYTES);
        }
        String runId = text(read(in, runIdBytes, "run id"), "run id");
        String stream = text(read(in, streamBytes, "stream name"), "stream name");
        String position = withPosition ? text(read(in, positionBytes, "position"), "position") : null;
        byte[] stored = read(in, storedBytes, "frame");
        return ArrowBatch.of(
                        new BatchId(runId, stream, unit, sequence), rows, unpack(codec, stored, frameBytes, stream))
                .withPosition(position);
    }

    private static byte[] position(ArrowBatch batch) throws CoderException {
        if (batch.position() == null) {
            return null;
        }
        byte[] bytes = batch.position().getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_POSITION_BYTES) {
            throw new CoderException("The position of " + batch + " takes " + bytes.length
                    + " bytes of UTF-8, and an encoded batch has room for " + MAX_POSITION_BYTES + ".");
        }
        return bytes;
    }

    private static int headBytes(byte[] runId, byte[] stream, byte[] position) {
        int bytes = HEADER_BYTES + runId.length + stream.length;
        return position == null ? bytes : bytes + Integer.BYTES + position.length;
    }

    private static byte[] unpack(int codec, byte[] stored, int frameBytes, String stream) throws IOException {
        try {
            Compression used = Compression.ofId(codec);
            if (used == Compression.NONE && stored.length == frameBytes) {
                return stored;
            }
            long start = System.nanoTime();
            byte[] frame = used.decompress(stored, 0, stored.length, frameBytes);
            CodecUsage.ofThisThread().addDecompress(stream, System.nanoTime() - start, stored.length, frame.length);
            return frame;
        } catch (CoderException e) {
            throw e;
        } catch (IOException e) {
            throw new CoderException(
                    "An encoded Arrow batch of stream " + stream + " is damaged: " + e.getMessage(), e);
        }
    }

    private static byte[] name(ArrowBatch batch, String what, String value) throws CoderException {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > 0xffff) {
            throw new CoderException("The " + what + " of " + batch + " takes " + bytes.length
                    + " bytes of UTF-8, and an encoded batch has room for 65535.");
        }
        return bytes;
    }

    private static String text(byte[] bytes, String what) throws CoderException {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new CoderException("An encoded Arrow batch is damaged: its " + what + " is not UTF-8.", e);
        }
    }

    private static void requireRange(String what, long value, long max) throws CoderException {
        if (value < 0 || value > max) {
            throw new CoderException("An encoded Arrow batch is damaged: its " + what + " is " + value
                    + ", and must be from 0 to " + max + ".");
        }
    }

    /**
     * Reads exactly {@code size} bytes. Where the stream does not vouch for them, room is made as they arrive: a short input that
     * announces a gigabyte must not cost one.
     */
    private static byte[] read(InputStream in, int size, String what) throws IOException {
        byte[] bytes = new byte[Math.min(size, Math.max(in.available(), FIRST_STEP_BYTES))];
        int filled = 0;
        while (true) {
            filled += in.readNBytes(bytes, filled, bytes.length - filled);
            if (filled < bytes.length) {
                throw new CoderException("An encoded Arrow batch is cut off: its " + what + " should have " + size
                        + " bytes, and " + filled + " are there.");
            }
            if (filled == size) {
                return bytes;
            }
            bytes = Arrays.copyOf(bytes, (int) Math.min(size, 2L * bytes.length));
        }
    }

    /** Batches are equal by content, so a batch is its own structural value. */
    @Override
    public boolean consistentWithEquals() {
        return true;
    }

    /** Compressed bytes may differ between versions of the compressing library. */
    @Override
    public void verifyDeterministic() throws NonDeterministicException {
        if (compression != Compression.NONE) {
            throw new NonDeterministicException(
                    this,
                    List.of(
                            "Bytes compressed by " + compression.label()
                                    + " may differ between versions of the library; only uncompressed batches can be compared encoded."));
        }
    }

    @Override
    public boolean isRegisterByteSizeObserverCheap(ArrowBatch batch) {
        return true;
    }

    /** Sizes are those of the uncompressed form: an upper bound, which costs nothing to know. */
    @Override
    public void registerByteSizeObserver(ArrowBatch batch, ElementByteSizeObserver observer) throws Exception {
        observer.update(getEncodedElementByteSize(batch));
    }

    @Override
    protected long getEncodedElementByteSize(ArrowBatch batch) throws Exception {
        int head = headBytes(
                name(batch, "run id", batch.id().runId()), name(batch, "stream name", batch.stream()), position(batch));
        return (long) head + batch.sizeBytes();
    }

    @Override
    public TypeDescriptor<ArrowBatch> getEncodedTypeDescriptor() {
        return TypeDescriptor.of(ArrowBatch.class);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ArrowBatchCoder coder && compression == coder.compression;
    }

    @Override
    public int hashCode() {
        return compression.hashCode();
    }

    @Override
    public String toString() {
        return "ArrowBatchCoder(" + compression.label() + ")";
    }
}
