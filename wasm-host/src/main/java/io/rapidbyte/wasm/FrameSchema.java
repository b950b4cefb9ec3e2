// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.flatbuf.Endianness;
import org.apache.arrow.flatbuf.Field;
import org.apache.arrow.flatbuf.KeyValue;
import org.apache.arrow.flatbuf.Message;
import org.apache.arrow.flatbuf.MessageHeader;
import org.apache.arrow.flatbuf.Schema;

/** A checked schema message, with what is needed to check record batches against it. */
final class FrameSchema {
    /** Postgres ends at 1,664 columns; this bounds the work that a hostile message can cause. */
    private static final int MAX_COLUMNS = 10_000;

    private static final int MAX_METADATA = 1_000;

    /** The whole encapsulated message, to recognise it when it comes again. */
    private final byte[] message;

    final FrameInfo.Schema info;
    final ColumnLayout[] layouts;
    final int bufferCount;

    private FrameSchema(byte[] message, FrameInfo.Schema info, ColumnLayout[] layouts) {
        this.message = message;
        this.info = info;
        this.layouts = layouts;
        int buffers = 0;
        for (ColumnLayout layout : layouts) {
            buffers += layout.bufferCount();
        }
        this.bufferCount = buffers;
    }

    int size() {
        return message.length;
    }

    /** Whether the bytes begin with exactly this schema message. */
    boolean begins(byte[] bytes) {
        return bytes.length >= message.length && Arrays.equals(bytes, 0, message.length, message, 0, message.length);
    }

    static FrameSchema read(byte[] bytes, MessageHead head) throws FrameException {
        Message message = head.message();
        if (message.headerType() != MessageHeader.Schema) {
            throw new FrameException("not_a_schema", "the first message of the batch is not a schema");
        }
        if (message.bodyLength() != 0) {
            throw new FrameException("bad_schema", "the schema message has a body");
        }
        Schema schema = (Schema) message.header(new Schema());
        if (schema == null) {
            throw new FrameException("bad_schema", "the schema message is empty");
        }
        if (schema.endianness() != Endianness.Little) {
            throw new FrameException("big_endian", "the batch is big-endian");
        }
        int columns = schema.fieldsLength();
        if (columns < 0 || columns > MAX_COLUMNS) {
            throw new FrameException(
                    "bad_schema", "the schema has " + columns + " columns, and " + MAX_COLUMNS + " is the most");
        }
        TextBudget texts = new TextBudget(head.metadata().capacity());
        List<FrameInfo.Column> infos = new ArrayList<>(columns);
        ColumnLayout[] layouts = new ColumnLayout[columns];
        Field field = new Field();
        for (int i = 0; i < columns; i++) {
            if (schema.fields(field, i) == null) {
                throw new FrameException("bad_schema", "column " + i + " of the schema is missing");
            }
            texts.charge(field.nameAsByteBuffer());
            String name = field.name() == null ? "" : field.name();
            if (field.dictionary() != null) {
                throw new FrameException("dictionary", "column \"" + name + "\" is dictionary-encoded");
            }
            ColumnLayout layout = ColumnLayout.of(field);
            if (layout == null || field.childrenLength() != 0) {
                throw new FrameException(
                        "unsupported_type",
                        "column \"" + name
                                + "\" has an Arrow type that is not one of section 7.3 of the connector ABI");
            }
            layouts[i] = layout;
            infos.add(new FrameInfo.Column(name, layout.typeName(), field.nullable(), metadata(field, texts)));
        }
        byte[] copy = Arrays.copyOf(bytes, head.bodyStart());
        return new FrameSchema(copy, new FrameInfo.Schema(infos, metadata(schema, texts)), layouts);
    }

    private static Map<String, String> metadata(Field field, TextBudget texts) throws FrameException {
        int length = requireMetadataLength(field.customMetadataLength());
        Map<String, String> metadata = new HashMap<>();
        KeyValue pair = new KeyValue();
        for (int i = 0; i < length; i++) {
            put(metadata, field.customMetadata(pair, i), texts);
        }
        return metadata;
    }

    private static Map<String, String> metadata(Schema schema, TextBudget texts) throws FrameException {
        int length = requireMetadataLength(schema.customMetadataLength());
        Map<String, String> metadata = new HashMap<>();
        KeyValue pair = new KeyValue();
        for (int i = 0; i < length; i++) {
            put(metadata, schema.customMetadata(pair, i), texts);
        }
        return metadata;
    }

    private static int requireMetadataLength(int length) throws FrameException {
        if (length < 0 || length > MAX_METADATA) {
            throw new FrameException("bad_schema", "the schema has " + length + " metadata entries in one place");
        }
        return length;
    }

    private static void put(Map<String, String> metadata, KeyValue pair, TextBudget texts) throws FrameException {
        if (pair == null || pair.key() == null) {
            throw new FrameException("bad_schema", "a metadata entry of the schema has no key");
        }
        texts.charge(pair.keyAsByteBuffer());
        texts.charge(pair.valueAsByteBuffer());
        metadata.put(pair.key(), pair.value() == null ? "" : pair.value());
    }

    /**
     * Bounds what a schema's texts may take. Any number of names and values may point at one text of the message, and a small frame could
     * otherwise be read into more memory than there is.
     */
    private static final class TextBudget {
        private long left;

        TextBudget(int messageBytes) {
            left = 4L * messageBytes + 65_536;
        }

        void charge(ByteBuffer text) throws FrameException {
            left -= 16 + (text == null ? 0 : text.remaining());
            if (left < 0) {
                throw new FrameException("bad_schema", "the texts of the schema are larger than its message");
            }
        }
    }

    /** An encapsulated message: where its parts lie. The buffer holds the metadata alone, so no offset leads out of it. */
    record MessageHead(Message message, ByteBuffer metadata, int bodyStart) {}
}
