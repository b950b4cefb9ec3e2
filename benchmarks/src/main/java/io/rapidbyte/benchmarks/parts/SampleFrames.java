// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.parts;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.TimeStampMicroTZVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowStreamWriter;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** Frames with rows like those of the small table, made without a database. The same ones every time. */
final class SampleFrames {
    /** As many rows as the source puts into a batch of its usual size, 4 MiB. */
    static final int USUAL_ROWS = 40_000;

    private static final List<String> EVENT_TYPES = List.of("view", "click", "search", "checkout", "purchase");

    private static final Schema SCHEMA = new Schema(List.of(
            Field.notNullable("id", new ArrowType.Int(64, true)),
            Field.notNullable("user_id", new ArrowType.Int(32, true)),
            Field.notNullable("event_type", ArrowType.Utf8.INSTANCE),
            Field.notNullable("amount", new ArrowType.Decimal(10, 2, 128)),
            Field.notNullable("is_active", ArrowType.Bool.INSTANCE),
            Field.notNullable("payload", ArrowType.Utf8.INSTANCE),
            Field.notNullable("created_at", new ArrowType.Timestamp(TimeUnit.MICROSECOND, "UTC"))));

    private static final long FIRST_MICROS = 1_767_225_600_000_000L;

    private SampleFrames() {}

    /** One frame with so many rows. */
    static byte[] frame(int rows) {
        SplittableRandom random = new SplittableRandom(rows);
        try (BufferAllocator allocator = new RootAllocator();
                VectorSchemaRoot root = VectorSchemaRoot.create(SCHEMA, allocator)) {
            BigIntVector id = (BigIntVector) root.getVector("id");
            IntVector userId = (IntVector) root.getVector("user_id");
            VarCharVector eventType = (VarCharVector) root.getVector("event_type");
            DecimalVector amount = (DecimalVector) root.getVector("amount");
            BitVector isActive = (BitVector) root.getVector("is_active");
            VarCharVector payload = (VarCharVector) root.getVector("payload");
            TimeStampMicroTZVector createdAt = (TimeStampMicroTZVector) root.getVector("created_at");
            for (int i = 0; i < rows; i++) {
                id.setSafe(i, i + 1L);
                userId.setSafe(i, random.nextInt(100_000));
                eventType.setSafe(i, utf8(EVENT_TYPES.get(i % EVENT_TYPES.size())));
                amount.setSafe(i, random.nextLong(1_000_000));
                isActive.setSafe(i, random.nextInt(5) < 3 ? 1 : 0);
                payload.setSafe(i, utf8(payload(random)));
                createdAt.setSafe(i, FIRST_MICROS + i * 731_000L);
            }
            root.setRowCount(rows);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try (ArrowStreamWriter writer = new ArrowStreamWriter(root, null, Channels.newChannel(out))) {
                writer.writeBatch();
                writer.end();
            }
            return out.toByteArray();
        } catch (IOException e) {
            throw new IllegalStateException("Memory cannot be written to.", e);
        }
    }

    /** 36 characters that compress as hexadecimal digits do. */
    private static String payload(SplittableRandom random) {
        return String.format("ref-%016x%016x", random.nextLong(), random.nextLong());
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
