// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.instanceOf;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.sameInstance;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.wasm.compress.Compression;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.apache.beam.sdk.coders.Coder;
import org.apache.beam.sdk.coders.Coder.NonDeterministicException;
import org.apache.beam.sdk.coders.CoderException;
import org.apache.beam.sdk.coders.CoderRegistry;
import org.apache.beam.sdk.testing.CoderProperties;
import org.apache.beam.sdk.util.CoderUtils;
import org.apache.beam.sdk.util.SerializableUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ArrowBatchCoderTest {
    private static final HexFormat HEX = HexFormat.of();

    /**
     * Bytes that version 1 wrote when it was new. They stay as they are: what was written once must be readable for ever. The frame
     * is 40 times "ab", run "run-1", stream "bestellungen ä", unit 7, sequence 2, 11 rows.
     */
    private static final String GOLDEN_HEAD = "0005000f" + "0000000000000007" + "00000002" + "0000000b" + "00000050";

    private static final String GOLDEN_NAMES = "72756e2d31" + "62657374656c6c756e67656e20c3a4";

    private static final String GOLDEN_NONE = "0100" + GOLDEN_HEAD + "00000050" + GOLDEN_NAMES + "6162".repeat(40);

    private static final String GOLDEN_LZ4 =
            "0101" + GOLDEN_HEAD + "0000000c" + GOLDEN_NAMES + "2f6162020036506261626162";

    private static final String GOLDEN_ZSTD =
            "0102" + GOLDEN_HEAD + "00000011" + GOLDEN_NAMES + "28b52ffd205045000010616201001beab0";

    @Test
    void whatVersion1WroteIsReadForEver() throws IOException {
        for (String golden : List.of(GOLDEN_NONE, GOLDEN_LZ4, GOLDEN_ZSTD)) {
            assertThat(decode(HEX.parseHex(golden)), equalTo(goldenBatch()));
        }
    }

    @Test
    void version1IsWhatIsWritten() throws IOException {
        assertThat(HEX.formatHex(encode(ArrowBatchCoder.of(), goldenBatch())), equalTo(GOLDEN_NONE));
    }

    /** Bytes that version 2 wrote when it was new: as those of version 1, with the position {"a":1} between names and frame. */
    @Test
    void whatVersion2WroteIsReadForEver() throws Exception {
        String golden =
                "0200" + GOLDEN_HEAD + "00000050" + "00000007" + GOLDEN_NAMES + "7b2261223a317d" + "6162".repeat(40);
        ArrowBatch batch = goldenBatch().withPosition("{\"a\":1}");
        assertThat(decode(HEX.parseHex(golden)), equalTo(batch));
        assertThat(decode(HEX.parseHex(golden)), not(equalTo(goldenBatch())));
        assertThat(HEX.formatHex(encode(ArrowBatchCoder.of(), batch)), equalTo(golden));
        assertThat((long) golden.length() / 2, is(ArrowBatchCoder.of().getEncodedElementByteSize(batch)));
        assertThat(decode(encode(ArrowBatchCoder.of(Compression.ZSTD), batch)), equalTo(batch));
        assertThat(batch.withFrame(1, new byte[3]).position(), is(batch.position()));
        CoderException negative = assertThrows(
                CoderException.class, () -> decode(HEX.parseHex("0200" + GOLDEN_HEAD + "00000050" + "ffffffff")));
        assertThat(negative.getMessage(), containsString("its position size is -1"));
    }

    @Property(tries = 200)
    void everyBatchComesBackFromEveryCompression(
            @ForAll @StringLength(max = 40) String runId,
            @ForAll @StringLength(max = 40) String stream,
            @ForAll @LongRange(min = 0) long unit,
            @ForAll @IntRange(min = 0) int sequence,
            @ForAll @IntRange(min = 0) int rows,
            @ForAll @Size(max = 3000) byte[] frame,
            @ForAll Compression compression)
            throws Exception {
        // A lone surrogate has no UTF-8 form; names come from UTF-8 in the first place.
        ArrowBatch batch = ArrowBatch.of(new BatchId(utf8(runId), utf8(stream), unit, sequence), rows, frame);
        Coder<ArrowBatch> coder = ArrowBatchCoder.of(compression);
        CoderProperties.coderDecodeEncodeEqual(coder, batch);
        CoderProperties.structuralValueDecodeEncodeEqual(coder, batch);
        CoderProperties.coderConsistentWithEquals(coder, batch, copy(batch));
        CoderProperties.structuralValueConsistentWithEquals(coder, batch, copy(batch));
        if (compression == Compression.NONE) {
            CoderProperties.coderDeterministic(coder, batch, copy(batch));
            assertThat(encode(ArrowBatchCoder.of(), batch).length, is((int)
                    ArrowBatchCoder.of().getEncodedElementByteSize(batch)));
        }
    }

    @Property(tries = 2000)
    void damagedBytesAreRefusedInOneSentenceOrDecodeToSomething(@ForAll long seed, @ForAll Compression compression)
            throws IOException {
        Random random = new Random(seed);
        byte[] encoded = encode(ArrowBatchCoder.of(compression), goldenBatch());
        for (int change = random.nextInt(3); change >= 0; change--) {
            encoded[random.nextInt(encoded.length)] = (byte) random.nextInt(256);
        }
        byte[] cut = Arrays.copyOf(encoded, random.nextInt(4) == 0 ? random.nextInt(encoded.length) : encoded.length);
        try {
            decode(cut);
        } catch (CoderException e) {
            assertThat(e.getMessage(), containsString("encoded Arrow batch"));
        }
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void everyCutIsFound(Compression compression) throws IOException {
        byte[] encoded = encode(ArrowBatchCoder.of(compression), goldenBatch());
        for (int length = 0; length < encoded.length; length++) {
            byte[] cut = Arrays.copyOf(encoded, length);
            assertThrows(CoderException.class, () -> decode(cut), "" + length);
        }
    }

    @Test
    void aShortInputThatAnnouncesAGigabyteCostsNone() {
        // Would this allocate what it announces, forty attempts would take 40 GB and minutes.
        for (int attempt = 0; attempt < 40; attempt++) {
            for (Compression compression : Compression.values()) {
                byte[] lie = ByteBuffer.allocate(60)
                        .put((byte) 1)
                        .put((byte) compression.id())
                        .putInt(0)
                        .putLong(0)
                        .putInt(0)
                        .putInt(0)
                        .putInt(1 << 30)
                        .putInt(compression == Compression.NONE ? 1 << 30 : 30)
                        .array();
                CoderException refused = assertThrows(
                        CoderException.class,
                        () -> ArrowBatchCoder.of().decode(new NothingAvailable(new ByteArrayInputStream(lie))));
                assertThat(refused.getMessage(), containsString("encoded Arrow batch"));
            }
        }
    }

    @Test
    void sizesOutOfRangeAreNamed() throws IOException {
        byte[] encoded = encode(ArrowBatchCoder.of(), goldenBatch());
        encoded[22] = (byte) 0x80;
        assertThat(
                assertThrows(CoderException.class, () -> decode(encoded)).getMessage(),
                is(
                        "An encoded Arrow batch is damaged: its frame size is -2147483568, and must be from 0 to 1073741824."));
        encoded[0] = 9;
        assertThat(
                assertThrows(CoderException.class, () -> decode(encoded)).getMessage(),
                is(
                        "An encoded Arrow batch has format version 9, and this release reads versions 1 and 2: run the same release of "
                                + "Rapidbyte on every worker."));
    }

    @Test
    void aLargeBatchArrivesFromAStreamThatGivesLittleAtATime() throws IOException {
        byte[] frame = new byte[5_000_000];
        new Random(3).nextBytes(frame);
        ArrowBatch batch = ArrowBatch.of(new BatchId("r", "s", 0, 0), 1, frame);
        byte[] encoded = encode(ArrowBatchCoder.of(Compression.LZ4), batch);
        InputStream slow = new NothingAvailable(new ByteArrayInputStream(encoded));
        assertThat(ArrowBatchCoder.of().decode(slow), equalTo(batch));
    }

    @Test
    void whatCompressionCannotShrinkIsStoredAsItIs() throws IOException {
        byte[] frame = new byte[10_000];
        new Random(5).nextBytes(frame);
        ArrowBatch batch = ArrowBatch.of(new BatchId("r", "s", 0, 0), 1, frame);
        assertThat(encode(ArrowBatchCoder.of(Compression.LZ4), batch), equalTo(encode(ArrowBatchCoder.of(), batch)));
    }

    @Test
    void compressedBatchesAreSmallerAndTimeAndBytesAreKeptForTheReport() throws IOException {
        CodecUsage.ofThisThread().take("bestellungen ä");
        byte[] encoded = encode(ArrowBatchCoder.of(Compression.ZSTD), goldenBatch());
        assertThat(encoded.length, lessThan(encode(ArrowBatchCoder.of(), goldenBatch()).length));
        decode(encoded);
        CodecUsage.Spent spent = CodecUsage.ofThisThread().take("bestellungen ä");
        assertThat(spent.compressNanos() > 0 && spent.decompressNanos() > 0, is(true));
        long frameBytes = goldenBatch().sizeBytes();
        assertThat(spent.compressBytesIn(), is(frameBytes));
        assertThat(spent.compressBytesOut(), lessThan(frameBytes));
        assertThat(spent.decompressBytesIn(), is(spent.compressBytesOut()));
        assertThat(spent.decompressBytesOut(), is(frameBytes));
        assertThat(CodecUsage.ofThisThread().take("bestellungen ä") == null, is(true));
    }

    @Test
    void aBatchIsItsOwnStructuralValue() {
        ArrowBatch batch = goldenBatch();
        assertThat(ArrowBatchCoder.of(Compression.LZ4).structuralValue(batch), sameInstance((Object) batch));
    }

    @Test
    void onlyUncompressedBytesAreDeterministic() throws NonDeterministicException {
        ArrowBatchCoder.of().verifyDeterministic();
        assertThrows(
                NonDeterministicException.class,
                () -> ArrowBatchCoder.of(Compression.ZSTD).verifyDeterministic());
    }

    @Test
    void beamFindsTheCoderByItselfAndCanShipIt() throws Exception {
        assertThat(CoderRegistry.createDefault().getCoder(ArrowBatch.class), instanceOf(ArrowBatchCoder.class));
        CoderProperties.coderSerializable(ArrowBatchCoder.of(Compression.ZSTD));
        assertThat(
                SerializableUtils.clone(ArrowBatchCoder.of(Compression.LZ4)),
                equalTo(ArrowBatchCoder.of(Compression.LZ4)));
    }

    private static String utf8(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }

    private static ArrowBatch copy(ArrowBatch batch) {
        return ArrowBatch.of(batch.id(), batch.rows(), batch.frame().clone());
    }

    private static byte[] encode(ArrowBatchCoder coder, ArrowBatch batch) throws IOException {
        return CoderUtils.encodeToByteArray(coder, batch);
    }

    private static ArrowBatch decode(byte[] encoded) throws IOException {
        return ArrowBatchCoder.of().decode(new ByteArrayInputStream(encoded));
    }

    private static ArrowBatch goldenBatch() {
        return ArrowBatch.of(
                new BatchId("run-1", "bestellungen ä", 7, 2),
                11,
                "ab".repeat(40).getBytes(StandardCharsets.UTF_8));
    }

    /** A stream that vouches for nothing and gives up to a thousand bytes at a time, as a network does. */
    private static final class NothingAvailable extends FilterInputStream {
        NothingAvailable(InputStream in) {
            super(in);
        }

        @Override
        public int available() {
            return 0;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            return super.read(target, offset, Math.min(length, 1000));
        }
    }
}
