// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.compress;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CompressionTest {
    @ParameterizedTest
    @EnumSource(Compression.class)
    void bytesOfEverySizeComeBackFromTheMiddleOfABuffer(Compression compression) throws IOException {
        Random random = new Random(7);
        for (int size : new int[] {0, 1, 7, 64, 1000, 65_536, 1_000_003}) {
            byte[] source = new byte[size + 10];
            random.nextBytes(source);
            // Half of it is compressible, half is not.
            Arrays.fill(source, 0, source.length / 2, (byte) 'x');
            byte[] packed = new byte[5 + compression.maxCompressedLength(size)];

            int length = compression.compress(source, 3, size, packed, 5);
            byte[] restored = compression.decompress(packed, 5, length, size);

            assertThat(restored, equalTo(Arrays.copyOfRange(source, 3, 3 + size)));
        }
    }

    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void repetitiveBytesShrink(Compression compression) {
        byte[] source = new byte[1_000_000];
        byte[] packed = new byte[compression.maxCompressedLength(source.length)];
        assertThat(compression.compress(source, 0, source.length, packed, 0), lessThan(10_000));
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void aBlockOfAnotherSizeThanAnnouncedIsRefused(Compression compression) {
        byte[] packed = new byte[compression.maxCompressedLength(100)];
        int length = compression.compress(new byte[100], 0, 100, packed, 0);
        for (int announced : new int[] {0, 99, 101, 5000, Integer.MAX_VALUE}) {
            assertThrows(IOException.class, () -> compression.decompress(packed, 0, length, announced), "" + announced);
        }
    }

    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void damagedBlocksAreRefusedOrHarmlessAndTheNextOneWorks(Compression compression) throws IOException {
        Random random = new Random(11);
        byte[] source = new byte[4096];
        for (int i = 0; i < source.length; i++) {
            source[i] = (byte) (i % 97 + random.nextInt(3));
        }
        byte[] packed = new byte[compression.maxCompressedLength(source.length)];
        int length = compression.compress(source, 0, source.length, packed, 0);
        int refused = 0;
        for (int round = 0; round < 2000; round++) {
            byte[] damaged = Arrays.copyOf(packed, length);
            damaged[random.nextInt(length)] ^= (byte) (1 + random.nextInt(255));
            try {
                compression.decompress(damaged, 0, random.nextInt(length + 1), source.length);
            } catch (IOException e) {
                refused++;
                assertThat(e.getMessage(), containsString(compression.label()));
            }
        }
        assertThat("most damage shows", refused > 1000, is(true));
        assertThat(compression.decompress(packed, 0, length, source.length), equalTo(source));
    }

    @Test
    void manyThreadsShareTheContexts() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Callable<Boolean>> work = new ArrayList<>();
            for (int task = 0; task < 64; task++) {
                int seed = task;
                work.add(() -> {
                    byte[] source = new byte[20_000];
                    Arrays.fill(source, (byte) seed);
                    byte[] packed = new byte[Compression.ZSTD.maxCompressedLength(source.length)];
                    int length = Compression.ZSTD.compress(source, 0, source.length, packed, 0);
                    return Arrays.equals(source, Compression.ZSTD.decompress(packed, 0, length, source.length));
                });
            }
            for (Future<Boolean> result : threads.invokeAll(work)) {
                assertThat(result.get(), is(true));
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void labelsAndNumbersAreFixed() throws IOException {
        assertThat(Compression.NONE.id(), is(0));
        assertThat(Compression.LZ4.id(), is(1));
        assertThat(Compression.ZSTD.id(), is(2));
        for (Compression compression : Compression.values()) {
            assertThat(Compression.ofId(compression.id()), is(compression));
            assertThat(Compression.ofLabel(compression.label()), is(compression));
        }
        assertThat(
                assertThrows(IllegalArgumentException.class, () -> Compression.ofLabel("gzip"))
                        .getMessage(),
                is("Compression \"gzip\" is unknown; write one of none, lz4, zstd."));
        assertThrows(IOException.class, () -> Compression.ofId(3));
    }
}
