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

    /** The columns with all that is in them. A small message can refer to one field from many places. */
    private static final int MAX_FIELDS = 65_536;

    /** How deep columns may be inside of one another. */
    private static final int MAX_DEPTH = 32;

    private static final int MAX_METADATA = 1_000;

    private static final int MAX_SHOWN_NAME = 100;

    /** The whole encapsulated message, to recognise it when it comes again. */
    private final byte[] message;

    final FrameInfo.Schema info;
    final ColumnLayout[] layouts;
    final int bufferCount;
    final int nodeCount;

    private FrameSchema(byte[] message, FrameInfo.Schema info, ColumnLayout[] layouts) {
        this.message = message;
        this.info = info;
        this.layouts = layouts;
        int buffers = 0;
        int nodes = 0;
        for (ColumnLayout layout : layouts) {
            buffers += layout.bufferCount();
            nodes += layout.nodeCount();
        }
        this.bufferCount = buffers;
        this.nodeCount = nodes;
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
        Budget budget = new Budget(head.metadata().capacity());
        List<FrameInfo.Column> infos = new ArrayList<>(columns);
        ColumnLayout[] layouts = new ColumnLayout[columns];
        for (int i = 0; i < columns; i++) {
            Field field = schema.fields(new Field(), i);
            if (field == null) {
                throw new FrameException("bad_schema", "column " + i + " of the schema is missing");
            }
            String name = name(field, budget);
            layouts[i] = layout(field, name, 0, budget);
            infos.add(new FrameInfo.Column(name, layouts[i].typeName(), field.nullable(), metadata(field, budget)));
        }
        byte[] copy = Arrays.copyOf(bytes, head.bodyStart());
        return new FrameSchema(copy, new FrameInfo.Schema(infos, metadata(schema, budget)), layouts);
    }

    /** A name of the guest's for a sentence: no longer than one, and on one line. */
    static String shown(String name) {
        StringBuilder shown = new StringBuilder();
        name.codePoints().limit(MAX_SHOWN_NAME).forEach(character -> {
            if (Character.isISOControl(character)) {
                shown.append(String.format("\\u%04x", character));
            } else {
                shown.appendCodePoint(character);
            }
        });
        return name.codePointCount(0, name.length()) > MAX_SHOWN_NAME ? shown + "…" : shown.toString();
    }

    private static String name(Field field, Budget budget) throws FrameException {
        budget.charge(field.nameAsByteBuffer());
        return field.name() == null ? "" : field.name();
    }

    /** The layout of a column, or of what is in the one of that name. */
    private static ColumnLayout layout(Field field, String column, int depth, Budget budget) throws FrameException {
        int count = field.childrenLength();
        budget.chargeFields(1 + (long) count);
        if (depth > MAX_DEPTH) {
            throw new FrameException("bad_schema", "column \"" + shown(column) + "\" is nested too deeply");
        }
        if (field.dictionary() != null) {
            throw new FrameException("dictionary", "column \"" + shown(column) + "\" is dictionary-encoded");
        }
        List<ColumnLayout> children = new ArrayList<>(count);
        List<String> names = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            Field child = field.children(new Field(), i);
            if (child == null) {
                throw new FrameException("bad_schema", "a field inside of column \"" + shown(column) + "\" is missing");
            }
            names.add(name(child, budget));
            metadata(child, budget);
            children.add(layout(child, column, depth + 1, budget));
        }
        ColumnLayout layout = ColumnLayout.of(field, List.copyOf(children), names);
        if (layout == null) {
            throw new FrameException(
                    "unsupported_type",
                    "column \"" + shown(column)
                            + "\" has an Arrow type that is not one of section 7.3 of the connector ABI");
        }
        budget.charge(layout.typeName().length());
        return layout;
    }

    private static Map<String, String> metadata(Field field, Budget budget) throws FrameException {
        int length = requireMetadataLength(field.customMetadataLength());
        Map<String, String> metadata = new HashMap<>();
        KeyValue pair = new KeyValue();
        for (int i = 0; i < length; i++) {
            put(metadata, field.customMetadata(pair, i), budget);
        }
        return metadata;
    }

    private static Map<String, String> metadata(Schema schema, Budget budget) throws FrameException {
        int length = requireMetadataLength(schema.customMetadataLength());
        Map<String, String> metadata = new HashMap<>();
        KeyValue pair = new KeyValue();
        for (int i = 0; i < length; i++) {
            put(metadata, schema.customMetadata(pair, i), budget);
        }
        return metadata;
    }

    private static int requireMetadataLength(int length) throws FrameException {
        if (length < 0 || length > MAX_METADATA) {
            throw new FrameException("bad_schema", "the schema has " + length + " metadata entries in one place");
        }
        return length;
    }

    private static void put(Map<String, String> metadata, KeyValue pair, Budget budget) throws FrameException {
        if (pair == null || pair.key() == null) {
            throw new FrameException("bad_schema", "a metadata entry of the schema has no key");
        }
        budget.charge(pair.keyAsByteBuffer());
        budget.charge(pair.valueAsByteBuffer());
        metadata.put(pair.key(), pair.value() == null ? "" : pair.value());
    }

    /**
     * Bounds what a schema may take. Any number of names, values and fields may point at one place of the message, and a small frame
     * could otherwise be read into more memory than there is.
     */
    private static final class Budget {
        private long left;
        private long fieldsLeft = MAX_FIELDS;

        Budget(int messageBytes) {
            left = 4L * messageBytes + 65_536;
        }

        void charge(ByteBuffer text) throws FrameException {
            charge(text == null ? 0 : text.remaining());
        }

        void charge(int length) throws FrameException {
            left -= 16 + length;
            if (left < 0) {
                throw new FrameException("bad_schema", "the texts of the schema are larger than its message");
            }
        }

        void chargeFields(long count) throws FrameException {
            fieldsLeft -= count;
            if (count < 0 || fieldsLeft < 0) {
                throw new FrameException(
                        "bad_schema", "the schema has more than " + MAX_FIELDS + " fields inside of its columns");
            }
        }
    }

    /** An encapsulated message: where its parts lie. The buffer holds the metadata alone, so no offset leads out of it. */
    record MessageHead(Message message, ByteBuffer metadata, int bodyStart) {}
}
