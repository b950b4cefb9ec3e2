// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import com.google.flatbuffers.FlatBufferBuilder;
import io.rapidbyte.wasm.Frame;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.arrow.flatbuf.Buffer;
import org.apache.arrow.flatbuf.Field;
import org.apache.arrow.flatbuf.FieldNode;
import org.apache.arrow.flatbuf.Int;
import org.apache.arrow.flatbuf.KeyValue;
import org.apache.arrow.flatbuf.Message;
import org.apache.arrow.flatbuf.MessageHeader;
import org.apache.arrow.flatbuf.MetadataVersion;
import org.apache.arrow.flatbuf.RecordBatch;
import org.apache.arrow.flatbuf.Schema;
import org.apache.arrow.flatbuf.Type;
import org.apache.arrow.flatbuf.Utf8;

/**
 * Batches to write: {@code id} is an {@code int64} that counts from 1, and {@code note} a {@code utf8} that is null in every tenth row. They are
 * the batches of one stream with three units, and always the same.
 */
final class SampleBatches {
    static final List<String> PRIMARY_KEY = List.of("id");

    private static final int ROWS = 100;
    private static final int ALIGNMENT = 8;
    private static final int ID_BITS = 64;
    private static final byte[] END_OF_STREAM = {-1, -1, -1, -1, 0, 0, 0, 0};

    private SampleBatches() {}

    /** The batches of a stream: two of unit 0, an empty one of unit 1, one of unit 2. */
    static List<Frame> of(String stream) {
        return List.of(
                frame(stream, 0, 0, 1, ROWS),
                frame(stream, 0, 1, 1 + ROWS, ROWS),
                frame(stream, 1, 0, 0, 0),
                frame(stream, 2, 0, 1 + 2 * ROWS, ROWS));
    }

    /** How many rows batches hold. */
    static long rows(List<Frame> frames) {
        return frames.stream().mapToLong(Frame::rows).sum();
    }

    /** A batch whose frame ends in the middle. */
    static Frame cutShort(String stream) {
        Frame whole = of(stream).get(0);
        byte[] half = java.util.Arrays.copyOf(whole.bytes(), whole.bytes().length / 2);
        return new Frame(whole.unit(), whole.sequence(), whole.rows(), half);
    }

    /** A batch one of whose texts ends outside of the batch: what a host does not look at, and a guest must not trust. */
    static Frame withWildOffset(String stream) {
        Body body = new Body(1, ROWS);
        body.offsets.putInt(ROWS / 2 * Integer.BYTES, Integer.MAX_VALUE);
        return new Frame(0, 0, ROWS, bytes(stream, body));
    }

    /** An Arrow IPC stream that holds the schema and no batch. */
    static byte[] schema(String stream) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(schemaMessage(stream));
        out.writeBytes(END_OF_STREAM);
        return out.toByteArray();
    }

    private static Frame frame(String stream, long unit, int sequence, long firstId, int rows) {
        return new Frame(unit, sequence, rows, bytes(stream, new Body(firstId, rows)));
    }

    private static byte[] bytes(String stream, Body body) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(schemaMessage(stream));
        out.writeBytes(body.message());
        out.writeBytes(END_OF_STREAM);
        return out.toByteArray();
    }

    private static byte[] schemaMessage(String stream) {
        FlatBufferBuilder builder = new FlatBufferBuilder();
        int[] fields = {
            field(builder, "id", Type.Int, Int.createInt(builder, ID_BITS, true), false, "bigint"),
            field(builder, "note", Type.Utf8, utf8(builder), true, "text")
        };
        int metadata = metadata(
                builder,
                Map.of(
                        "rapidbyte:stream",
                        stream,
                        "rapidbyte:namespace",
                        "conformance",
                        "rapidbyte:table",
                        stream,
                        "rapidbyte:primary_key",
                        "[\"id\"]"));
        int fieldVector = Schema.createFieldsVector(builder, fields);
        int schema = Schema.createSchema(builder, org.apache.arrow.flatbuf.Endianness.Little, fieldVector, metadata, 0);
        return message(builder, MessageHeader.Schema, schema, 0);
    }

    private static int utf8(FlatBufferBuilder builder) {
        Utf8.startUtf8(builder);
        return Utf8.endUtf8(builder);
    }

    private static int field(
            FlatBufferBuilder builder, String name, byte type, int typeOffset, boolean nullable, String nativeType) {
        int metadata = metadata(builder, Map.of("rapidbyte:native_type", nativeType));
        int nameOffset = builder.createString(name);
        int children = Field.createChildrenVector(builder, new int[0]);
        return Field.createField(builder, nameOffset, nullable, type, typeOffset, 0, children, metadata);
    }

    private static int metadata(FlatBufferBuilder builder, Map<String, String> entries) {
        int[] offsets = entries.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .mapToInt(entry -> KeyValue.createKeyValue(
                        builder, builder.createString(entry.getKey()), builder.createString(entry.getValue())))
                .toArray();
        return Schema.createCustomMetadataVector(builder, offsets);
    }

    /** An encapsulated message without its body: continuation marker, size, metadata up to a multiple of eight bytes. */
    private static byte[] message(FlatBufferBuilder builder, byte headerType, int header, long bodyLength) {
        builder.finish(Message.createMessage(builder, MetadataVersion.V5, headerType, header, bodyLength, 0));
        byte[] metadata = builder.sizedByteArray();
        int padded = padded(metadata.length);
        return ByteBuffer.allocate(2 * Integer.BYTES + padded)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(-1)
                .putInt(padded)
                .put(metadata)
                .array();
    }

    private static int padded(int size) {
        return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** The buffers of a record batch. */
    private static final class Body {
        private static final int NULL_EVERY = 10;

        private final int rows;
        private final ByteBuffer ids;
        private final ByteBuffer validity;
        private final ByteBuffer offsets;
        private final ByteArrayOutputStream notes = new ByteArrayOutputStream();
        private int nulls;

        Body(long firstId, int rows) {
            this.rows = rows;
            this.ids = buffer(rows * Long.BYTES);
            this.validity = buffer((rows + Byte.SIZE - 1) / Byte.SIZE);
            this.offsets = buffer((rows + 1) * Integer.BYTES);
            offsets.putInt(0);
            for (int row = 0; row < rows; row++) {
                long id = firstId + row;
                ids.putLong(id);
                if (id % NULL_EVERY == 0) {
                    nulls++;
                } else {
                    int at = row / Byte.SIZE;
                    validity.put(at, (byte) (validity.get(at) | 1 << row % Byte.SIZE));
                    notes.writeBytes(("note " + id + " äé€").getBytes(StandardCharsets.UTF_8));
                }
                offsets.putInt(notes.size());
            }
        }

        private static ByteBuffer buffer(int size) {
            return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        }

        byte[] message() {
            // A column without nulls needs no validity buffer.
            List<byte[]> buffers =
                    List.of(new byte[0], ids.array(), validity.array(), offsets.array(), notes.toByteArray());
            List<Long> places = new ArrayList<>();
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            for (byte[] each : buffers) {
                places.add((long) body.size());
                body.writeBytes(each);
                body.writeBytes(new byte[padded(each.length) - each.length]);
            }
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            out.writeBytes(head(buffers, places, body.size()));
            out.writeBytes(body.toByteArray());
            return out.toByteArray();
        }

        private byte[] head(List<byte[]> buffers, List<Long> places, int bodyLength) {
            FlatBufferBuilder builder = new FlatBufferBuilder();
            // Vectors of structs are written from their end.
            RecordBatch.startBuffersVector(builder, buffers.size());
            for (int i = buffers.size() - 1; i >= 0; i--) {
                Buffer.createBuffer(builder, places.get(i), buffers.get(i).length);
            }
            int bufferVector = builder.endVector();
            RecordBatch.startNodesVector(builder, 2);
            FieldNode.createFieldNode(builder, rows, nulls);
            FieldNode.createFieldNode(builder, rows, 0);
            int nodeVector = builder.endVector();
            int batch = RecordBatch.createRecordBatch(builder, rows, nodeVector, bufferVector, 0, 0);
            return SampleBatches.message(builder, MessageHeader.RecordBatch, batch, bodyLength);
        }
    }
}
