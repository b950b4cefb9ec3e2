// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import io.rapidbyte.wasm.FrameSchema.MessageHead;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.arrow.flatbuf.Buffer;
import org.apache.arrow.flatbuf.FieldNode;
import org.apache.arrow.flatbuf.Message;
import org.apache.arrow.flatbuf.MessageHeader;
import org.apache.arrow.flatbuf.MetadataVersion;
import org.apache.arrow.flatbuf.RecordBatch;

/**
 * Checks frames ({@code docs/abi.md}, section 7.1): the structure of the messages, the record batch's lengths against the
 * schema, and that every buffer lies inside of the body and is large enough for the rows. What the buffers hold (offsets,
 * UTF-8) is the reader's to check.
 *
 * <p>Batches of a stream nearly always have the same schema, so the latest one is kept and recognised by its bytes: checking
 * a frame then costs microseconds. The bytes may come from a hostile guest: the generated flatbuffers classes check nothing
 * themselves, but read through a buffer that ends with the metadata, so a lying offset ends as an exception, and every count is
 * compared before anything loops over it. One thread uses a checker at a time.
 */
final class FrameChecker {
    /** No frame is larger, whatever the limits say. */
    static final long MAX_FRAME_BYTES = 1L << 30;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private FrameSchema latest;

    /** Checks a frame of at most {@code maxBytes} bytes. */
    FrameInfo check(byte[] frame, long maxBytes) throws FrameException {
        if (frame.length > Math.min(maxBytes, MAX_FRAME_BYTES)) {
            throw new FrameException(
                    "batch_too_large",
                    "the batch has " + frame.length + " bytes, and " + Math.min(maxBytes, MAX_FRAME_BYTES)
                            + " is the most");
        }
        try {
            FrameSchema schema = schema(frame);
            return checkRecordBatch(frame, schema);
        } catch (IndexOutOfBoundsException
                | IllegalArgumentException
                | ArithmeticException
                | NegativeArraySizeException
                | ClassCastException
                | NullPointerException
                | java.nio.BufferUnderflowException e) {
            throw outOfBounds(e);
        }
    }

    /** Checks a stream that holds a schema and no batch. */
    FrameSchema checkSchemaStream(byte[] stream) throws FrameException {
        try {
            FrameSchema schema = schema(stream);
            requireEnd(stream, schema.size());
            return schema;
        } catch (IndexOutOfBoundsException
                | IllegalArgumentException
                | ArithmeticException
                | NegativeArraySizeException
                | ClassCastException
                | NullPointerException
                | java.nio.BufferUnderflowException e) {
            throw outOfBounds(e);
        }
    }

    private static FrameException outOfBounds(RuntimeException e) {
        FrameException failure =
                new FrameException("bad_metadata", "the metadata of a message is not valid flatbuffers data");
        failure.initCause(e);
        return failure;
    }

    private FrameSchema schema(byte[] bytes) throws FrameException {
        FrameSchema known = latest;
        if (known != null && known.begins(bytes)) {
            return known;
        }
        FrameSchema schema = FrameSchema.read(bytes, messageAt(bytes, 0, "schema"));
        latest = schema;
        return schema;
    }

    private static FrameInfo checkRecordBatch(byte[] frame, FrameSchema schema) throws FrameException {
        MessageHead head = messageAt(frame, schema.size(), "record batch");
        Message message = head.message();
        if (message.headerType() != MessageHeader.RecordBatch) {
            throw new FrameException("not_a_batch", "the second message of the batch is not a record batch");
        }
        long bodyLength = message.bodyLength();
        if (bodyLength < 0 || bodyLength % 8 != 0 || bodyLength > frame.length - head.bodyStart()) {
            throw new FrameException(
                    "bad_body",
                    "the record batch's body has " + bodyLength
                            + " bytes, which is not a multiple of 8 inside of the frame");
        }
        requireEnd(frame, head.bodyStart() + (int) bodyLength);
        RecordBatch batch = (RecordBatch) message.header(new RecordBatch());
        if (batch == null) {
            throw new FrameException("bad_batch", "the record batch message is empty");
        }
        if (batch.compression() != null) {
            throw new FrameException("compressed", "the record batch is compressed");
        }
        if (batch.variadicBufferCountsLength() != 0) {
            throw new FrameException("bad_batch", "the record batch has variadic buffers");
        }
        long rows = batch.length();
        if (rows < 0 || rows > Integer.MAX_VALUE) {
            throw new FrameException("bad_row_count", "the record batch says it has " + rows + " rows");
        }
        checkColumns(batch, schema, rows, bodyLength);
        return new FrameInfo((int) rows, schema.size(), bodyLength, schema.info);
    }

    private static void checkColumns(RecordBatch batch, FrameSchema schema, long rows, long bodyLength)
            throws FrameException {
        if (batch.nodesLength() != schema.nodeCount || batch.buffersLength() != schema.bufferCount) {
            throw new FrameException(
                    "bad_column_count",
                    "the record batch has " + batch.nodesLength() + " columns and " + batch.buffersLength()
                            + " buffers, and its schema asks for " + schema.nodeCount + " and "
                            + schema.bufferCount);
        }
        ColumnWalk walk = new ColumnWalk(batch, schema, bodyLength);
        for (int i = 0; i < schema.layouts.length; i++) {
            walk.column = i;
            walk.check(schema.layouts[i], rows);
        }
    }

    /** Goes through the nodes and buffers of a record batch, a column first and then what is in it. */
    private static final class ColumnWalk {
        /** For the values of a list: their number is said by their own node. */
        private static final long ANY = -1;

        private final RecordBatch batch;
        private final FrameSchema schema;
        private final long bodyLength;
        private final FieldNode node = new FieldNode();
        private final Buffer buffer = new Buffer();
        private int nextNode;
        private int nextBuffer;
        private int column;

        ColumnWalk(RecordBatch batch, FrameSchema schema, long bodyLength) {
            this.batch = batch;
            this.schema = schema;
            this.bodyLength = bodyLength;
        }

        void check(ColumnLayout layout, long expectedRows) throws FrameException {
            batch.nodes(node, nextNode++);
            long rows = node.length();
            long nulls = node.nullCount();
            // Values without a size cost nothing to announce, but whoever goes through them.
            boolean fits = expectedRows == ANY ? rows >= 0 && rows / 8 <= bodyLength : rows == expectedRows;
            if (!fits) {
                throw new FrameException(
                        "bad_row_count",
                        name(schema, column) + " has " + rows + " values"
                                + (expectedRows == ANY
                                        ? " in its lists"
                                        : ", and the record batch says " + expectedRows + " rows"));
            }
            if (nulls < 0 || nulls > rows) {
                throw new FrameException("bad_null_count", name(schema, column) + " says it has " + nulls + " nulls");
            }
            require(nulls == 0 ? 0 : (rows + 7) / 8);
            switch (layout.kind()) {
                case FIXED -> require((rows * layout.bits() + 7) / 8);
                case VARIABLE -> {
                    require(rows == 0 ? 0 : (rows + 1) * 4);
                    require(0);
                }
                case LIST -> {
                    require(rows == 0 ? 0 : (rows + 1) * 4);
                    check(layout.children().get(0), ANY);
                }
                default -> {
                    // A struct.
                    for (ColumnLayout child : layout.children()) {
                        check(child, rows);
                    }
                }
            }
        }

        private void require(long least) throws FrameException {
            requireBuffer(batch, buffer, nextBuffer++, bodyLength, least, schema, column);
        }
    }

    private static void requireBuffer(
            RecordBatch batch, Buffer buffer, int index, long bodyLength, long least, FrameSchema schema, int column)
            throws FrameException {
        batch.buffers(buffer, index);
        long offset = buffer.offset();
        long length = buffer.length();
        if (offset < 0 || length < 0 || offset > bodyLength || length > bodyLength - offset) {
            throw new FrameException(
                    "buffer_out_of_bounds",
                    "a buffer of " + name(schema, column) + " lies outside of the body: offset " + offset + ", length "
                            + length + ", body " + bodyLength);
        }
        if (offset % 8 != 0) {
            throw new FrameException(
                    "unaligned_buffer",
                    "a buffer of " + name(schema, column) + " begins at " + offset + ", not aligned to 8");
        }
        if (length < least) {
            throw new FrameException(
                    "buffer_too_small",
                    "a buffer of " + name(schema, column) + " has " + length + " bytes, and its rows need " + least);
        }
    }

    private static String name(FrameSchema schema, int column) {
        return "column \"" + FrameSchema.shown(schema.info.columns().get(column).name()) + "\"";
    }

    private static MessageHead messageAt(byte[] bytes, int position, String what) throws FrameException {
        if (bytes.length - position < 8) {
            throw new FrameException("truncated", "the batch ends before its " + what + " message");
        }
        if ((int) INT.get(bytes, position) != -1) {
            throw new FrameException("no_continuation", "the " + what + " message has no continuation marker");
        }
        int length = (int) INT.get(bytes, position + 4);
        if (length == 0) {
            throw new FrameException("truncated", "the stream ends before its " + what + " message");
        }
        if (length < 8 || length % 8 != 0 || length > bytes.length - position - 8) {
            throw new FrameException(
                    "bad_metadata_length",
                    "the " + what + " message says its metadata has " + Integer.toUnsignedString(length)
                            + " bytes, which is not a multiple of 8 inside of the frame");
        }
        int start = position + 8;
        ByteBuffer metadata = ByteBuffer.wrap(bytes, start, length).slice().order(ByteOrder.LITTLE_ENDIAN);
        Message message = Message.getRootAsMessage(metadata);
        if (message.version() != MetadataVersion.V5) {
            throw new FrameException(
                    "metadata_version",
                    "the " + what + " message has Arrow metadata version V" + (message.version() + 1)
                            + ", and V5 is asked for");
        }
        return new MessageHead(message, metadata, start + length);
    }

    private static void requireEnd(byte[] bytes, int position) throws FrameException {
        if (bytes.length - position < 8) {
            throw new FrameException("truncated", "the batch has no end-of-stream marker");
        }
        if ((int) INT.get(bytes, position) != -1 || (int) INT.get(bytes, position + 4) != 0) {
            throw new FrameException(
                    "no_end_of_stream", "something other than the end-of-stream marker follows the batch");
        }
        if (bytes.length - position > 8) {
            throw new FrameException(
                    "trailing_bytes", (bytes.length - position - 8) + " bytes follow the end-of-stream marker");
        }
    }
}
