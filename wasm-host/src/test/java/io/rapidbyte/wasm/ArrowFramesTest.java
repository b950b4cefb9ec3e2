// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.anyOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** What a frame says of itself. */
class ArrowFramesTest {
    private static final byte[] FRAME = Probes.frames("{'rows_per_batch': 1000, 'payload_bytes': 900}")
            .get(0)
            .bytes();

    @Test
    void rowsColumnsAndMetadataAreRead() {
        FrameInfo info = ArrowFrames.inspect(FRAME);
        assertThat(info.rows(), is(1000));
        assertThat(info.schema().columns().get(0).name(), is("id"));
        assertThat(info.schema().columns().get(0).type(), is("int64"));
        assertThat(info.schema().metadata().get("rapidbyte:stream"), is("numbers"));
        assertThat(info.schemaBytes() + info.bodyBytes(), lessThan((long) FRAME.length));
    }

    @Test
    void typesThatConsistOfOthersAreWrittenAsTheAbiWritesThem() {
        FrameInfo info = ArrowFrames.inspect(TestFrames.nested());
        assertThat(info.rows(), is(3));
        assertThat(
                info.schema().columns().stream()
                        .map(column -> column.name() + " " + column.type())
                        .toList(),
                contains(
                        "u32 uint32",
                        "u64 uint64",
                        "interval interval(month_day_nano)",
                        "list list<int32>",
                        "lists list<list<int32>>",
                        "struct struct<a: int32, b: utf8>",
                        "structs list<struct<a: int32, b: utf8>>",
                        "map map<utf8, int32>"));
    }

    /** Each number of the record batch's nodes is wrong once: of values, and of nulls. */
    @Test
    void aNestedColumnWithAnotherNumberOfValuesIsRefused() {
        byte[] frame = TestFrames.nested();
        int nodes = firstNode(frame);
        for (int number = 0; number < 2 * 16; number++) {
            byte[] changed = frame.clone();
            changed[nodes + 8 * number + 4] = 1;
            ConnectorException failure = assertThrows(ConnectorException.class, () -> ArrowFrames.inspect(changed));
            assertThat(failure.error().code(), anyOf(is("bad_row_count"), is("bad_null_count")));
        }
    }

    /** Where the numbers of the first column's values and nulls are: three of which one is null. */
    private static int firstNode(byte[] frame) {
        byte[] node = {3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
        for (int place = 0; ; place++) {
            if (Arrays.equals(frame, place, place + 16, node, 0, 16)
                    && Arrays.equals(frame, place + 16, place + 32, node, 0, 16)) {
                return place;
            }
        }
    }

    /** A guest chooses the names of columns, and sentences about them go into logs. */
    @Test
    void namesInSentencesAreShortAndOnOneLine() {
        assertThat(FrameSchema.shown("größe 😀"), is("größe 😀"));
        assertThat(FrameSchema.shown("a\nERROR b"), is("a\\u000aERROR b"));
        assertThat(FrameSchema.shown("x".repeat(5_000)), is("x".repeat(100) + "…"));
    }

    @Test
    void theSchemaOfAFrameIsAStreamWithoutABatch() {
        byte[] schema = ArrowFrames.schemaOf(FRAME);
        assertThat(
                ArrowFrames.inspectSchema(schema), is(ArrowFrames.inspect(FRAME).schema()));
        assertThrows(ConnectorException.class, () -> ArrowFrames.inspect(schema));
        assertThrows(ConnectorException.class, () -> ArrowFrames.inspectSchema(FRAME));
    }

    @Test
    void anEmptyBatchIsAFrame() {
        byte[] empty = Probes.frames("{'rows_per_batch': 0}").get(0).bytes();
        assertThat(ArrowFrames.inspect(empty).rows(), is(0));
    }

    @Test
    void everyTruncationIsRefused() {
        byte[] small = Probes.frames("{'rows_per_batch': 3}").get(0).bytes();
        for (int length = 0; length < small.length; length++) {
            byte[] cut = Arrays.copyOf(small, length);
            ConnectorException failure = assertThrows(ConnectorException.class, () -> ArrowFrames.inspect(cut));
            assertThat(failure.error().category(), is(Category.FRAME));
        }
    }

    @Test
    void aFrameAboveTheLimitIsRefusedBeforeItIsLookedAt() {
        FrameException failure =
                assertThrows(FrameException.class, () -> new FrameChecker().check(FRAME, FRAME.length - 1L));
        assertThat(failure.error().code(), is("batch_too_large"));
    }

    @Test
    void schemasThatChangeFromFrameToFrameAreNotMixedUp() throws FrameException {
        FrameChecker checker = new FrameChecker();
        byte[] other = Probes.frames("{'rows_per_batch': 2}").get(0).bytes();
        for (int i = 0; i < 3; i++) {
            assertThat(checker.check(FRAME, FRAME.length).rows(), is(1000));
            assertThat(checker.check(other, FRAME.length).rows(), is(2));
        }
        assertThat(
                ArrowFrames.inspect(other).schema().columns(),
                hasSize(ArrowFrames.inspect(FRAME).schema().columns().size()));
    }
}
