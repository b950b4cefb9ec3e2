// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** Whatever the bytes are, checking them ends in a frame or in a frame error: never in anything else. */
class FrameCheckerPropertyTest {
    private static final byte[] FLAT =
            Probes.frames("{'rows_per_batch': 5}").get(0).bytes();

    /** With lists, structs and maps. */
    private static final byte[] NESTED = TestFrames.nested();

    private final FrameChecker checker = new FrameChecker();

    @Provide
    Arbitrary<byte[]> frames() {
        return Arbitraries.of(FLAT, NESTED);
    }

    /** Several bytes at a time, most of them in the metadata, where offsets and counts are. */
    @Property(tries = 10_000)
    void mutatedFrames(
            @ForAll("frames") byte[] frame, @ForAll long seed, @ForAll @IntRange(min = 1, max = 8) int changes) {
        Random random = new Random(seed);
        byte[] mutated = frame.clone();
        for (int i = 0; i < changes; i++) {
            int value = random.nextInt(4) == 0 ? -1 : random.nextInt(256);
            mutated[random.nextInt(mutated.length)] = (byte) value;
        }
        check(mutated);
    }

    /** Whole numbers replaced by the ones that overflow. */
    @Property(tries = 10_000)
    void frameWithExtremeNumbers(@ForAll("frames") byte[] frame, @ForAll long seed) {
        int[] extremes = {0, 1, -1, 4, 8, Integer.MAX_VALUE, Integer.MIN_VALUE, Integer.MAX_VALUE - 7, 1 << 30, -8};
        Random random = new Random(seed);
        byte[] mutated = frame.clone();
        int place = random.nextInt(mutated.length / 4) * 4;
        int extreme = extremes[random.nextInt(extremes.length)];
        for (int i = 0; i < 4; i++) {
            mutated[place + i] = (byte) (extreme >>> 8 * i);
        }
        check(mutated);
    }

    @Property(tries = 2_000)
    void arbitraryBytes(@ForAll byte[] bytes) {
        check(bytes);
    }

    /** Pieces of a frame in another order. */
    @Property(tries = 5_000)
    void shuffledFrames(@ForAll("frames") byte[] frame, @ForAll long seed) {
        Random random = new Random(seed);
        byte[] mutated = frame.clone();
        int length = 8 * (1 + random.nextInt(mutated.length / 16));
        int from = random.nextInt(mutated.length - length + 1);
        int to = random.nextInt(mutated.length - length + 1);
        System.arraycopy(frame, from, mutated, to, length);
        check(mutated);
    }

    private void check(byte[] bytes) {
        try {
            FrameInfo info = checker.check(bytes, Long.MAX_VALUE);
            if (info.rows() < 0 || info.bodyBytes() > bytes.length) {
                throw new AssertionError("A frame that passed is not consistent: " + info);
            }
        } catch (FrameException e) {
            if (e.getMessage().isBlank()) {
                throw new AssertionError("A frame error says what is wrong.", e);
            }
        }
    }
}
